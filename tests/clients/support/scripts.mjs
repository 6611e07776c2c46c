// Settings of the software card (docs/softcard.md): what a model will say, whatever it is asked.

const kEnd = 2280; // <|im_end|> of the bundled model
const kSpace = 220;
const kLineBreak = 198;

/// One token of the bundled tokenizer for each character; ASCII only.
function tokens(text) {
  return [...text].map((character) => {
    if (character === " ") return kSpace;
    if (character === "\n") return kLineBreak;
    const token = character.charCodeAt(0) - "!".charCodeAt(0);
    if (token < 0 || token > "~".charCodeAt(0) - "!".charCodeAt(0)) throw new Error(`no token for ${character}`);
    return token;
  });
}

const script = (steps) => ({ script: { requests: [steps], after: "cycle" } });

/// Answers with `text`, to every request.
export function says(text) {
  return script([...tokens(text), kEnd]);
}

/// Answers without end, slowly: a letter each `delay` ms.
export function drips(delay = 100) {
  return script(tokens("abcdefghij").map((token) => ({ token, delay_ms: delay })));
}

/// Tells a story of which it can say but the beginning: then the card fails, again and again.
export const kStory = "Once upon a time there was a card that had a story to tell, and it was a long one.";
export function breaks() {
  return { ...says(kStory), faults: [{ kind: "execute_error", model: "*_post*", at: 20, times: 0 }] };
}
