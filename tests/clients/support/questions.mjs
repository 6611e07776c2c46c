// What the bundled model knows the answer to, and the tools it is asked to use.
export const kModel = "axllama-tiny";
export const kAddition = "What is 2+2?";
export const kWeather = "What is the weather in Paris?";

/// A name and a JSON Schema of the arguments, for each client to put into its own form.
export const kTools = [
  {
    name: "get_weather",
    description: "Get the current weather for a city",
    schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
  {
    name: "calculator",
    description: "Do math",
    schema: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"] },
  },
];

export const kWeatherResult = '{"temperature": 18, "condition": "sunny"}';

/// In the form of Ollama and OpenAI.
export const kFunctionTools = kTools.map(({ name, description, schema }) => ({
  type: "function",
  function: { name, description, parameters: schema },
}));

/// Two calls in the bundled model's own words.
export const kParallelCalls =
  '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>\n' +
  '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1 + 1"}}\n</tool_call>';

/// For answers in a prescribed form.
export const kCitySchema = {
  type: "object",
  properties: {
    city: { type: "string", enum: ["Paris", "Rome"] },
    people: { type: "integer", minimum: 1000, maximum: 9999 },
  },
  required: ["city", "people"],
  additionalProperties: false,
};
