#pragma once

#include <string>

// The constructs of published chat templates as far as they concern calls of tools, in other words. The
// markers are the published ones.

namespace axllama::text::testing {

inline const std::string kHermesTemplate =
    "{%- if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}<|im_end|>\n{% "
    "endif %}"
    "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' }}{{- m.content }}"
    "{%- for c in m.tool_calls or [] %}{%- if not loop.first or m.content %}{{- '\\n' }}{%- endif %}"
    "{{- '<tool_call>\\n{\"name\": \"' + c.function.name + '\", \"arguments\": ' }}"
    "{{- c.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{%- endfor %}"
    "{{- '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

inline const std::string kTaggedTemplate =
    "{%- if tools %}{{ tools | tojson }}\n{% endif %}"
    "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' }}{{- m.content }}"
    "{%- for c in m.tool_calls or [] %}{{- '\\n<tool_call>\\n<function=' + c.function.name + '>\\n' }}"
    "{%- for key, value in c.function.arguments | items %}{{- '<parameter=' + key + '>\\n' }}"
    "{{- value if value is string else value | tojson }}{{- '\\n</parameter>\\n' }}{%- endfor %}"
    "{{- '</function>\\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endfor %}";

inline const std::string kLlamaTemplate =
    "{{- bos_token }}{%- if tools %}{{ tools | tojson }}{% endif %}{#- <|python_tag|> is for built-in tools "
    "#}"
    "{%- for m in messages %}{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' }}"
    "{%- if 'tool_calls' in m %}{%- if m.tool_calls | length != 1 %}{{- raise_exception('one call') }}{%- "
    "endif %}"
    "{%- if builtin_tools is defined %}{{- '<|python_tag|>' }}{%- endif %}"
    "{%- set f = m.tool_calls[0].function %}{{- '{\"name\": \"' + f.name + '\", \"parameters\": ' }}"
    "{{- f.arguments | tojson }}{{- '}<|eot_id|>' }}"
    "{%- else %}{{- m.content | trim + '<|eot_id|>' }}{%- endif %}{%- endfor %}";

inline const std::string kMistralListTemplate =
    "{{- bos_token }}{%- for m in messages %}"
    "{%- if m.role == 'user' %}{%- if tools %}{{- '[AVAILABLE_TOOLS] ' + tools | tojson + "
    "'[/AVAILABLE_TOOLS]' }}"
    "{%- endif %}{{- '[INST] ' + m.content + '[/INST]' }}"
    "{%- elif m.tool_calls is defined %}{{- '[TOOL_CALLS] [' }}{%- for c in m.tool_calls %}"
    "{%- if c.id is not defined or c.id | length != 9 %}{{- raise_exception('nine letters') }}{%- endif %}"
    "{%- set text = c.function | tojson %}{{- text[:-1] + ', \"id\": \"' + c.id + '\"}' }}"
    "{{- ', ' if not loop.last else ']' + eos_token }}{%- endfor %}"
    "{%- elif m.role == 'assistant' %}{{- ' ' + m.content | trim + eos_token }}"
    "{%- elif m.role == 'tool' %}{{- '[TOOL_RESULTS] ' + m.content + ' ' + m.tool_call_id + "
    "'[/TOOL_RESULTS]' }}"
    "{%- endif %}{%- endfor %}";

inline const std::string kMistralNamedTemplate =
    "{{- bos_token }}{%- for m in messages %}"
    "{%- if m.role == 'user' %}{%- if tools %}{{- '[AVAILABLE_TOOLS]' + tools | tojson + "
    "'[/AVAILABLE_TOOLS]' }}"
    "{%- endif %}{{- '[INST]' + m.content + '[/INST]' }}"
    "{%- elif m.role == 'assistant' %}{{- m.content }}{%- for c in m.tool_calls or [] %}"
    "{{- '[TOOL_CALLS]' + c.function.name + '[CALL_ID]' + c.id + '[ARGS]' + c.function.arguments | tojson }}"
    "{%- endfor %}{{- eos_token }}{%- endif %}{%- endfor %}";

/// Offers tools in a member of the system message, and shows neither calls nor results of its own.
inline const std::string kPhiTemplate =
    "{% for m in messages %}{% if m['role'] == 'system' and 'tools' in m and m['tools'] is not none %}"
    "{{ '<|' + m['role'] + '|>' + m['content'] + '<|tool|>' + m['tools'] + '<|/tool|>' + '<|end|>' }}"
    "{% else %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

inline const std::string kDeepSeekTemplate =
    "{{ bos_token }}{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}"
    "{% if m.role == 'user' %}{{ '<｜User｜>' + m.content }}"
    "{% elif m.role == 'assistant' and m.tool_calls is defined %}{{ '<｜Assistant｜><｜tool▁calls▁begin｜>' "
    "}}"
    "{% for c in m.tool_calls %}{{ '<｜tool▁call▁begin｜>function<｜tool▁sep｜>' + c.function.name + "
    "'\\n```json\\n' }}"
    "{{ c.function.arguments | tojson }}{{ '\\n```<｜tool▁call▁end｜>' + ('\\n' if not loop.last else '') }}"
    "{% endfor %}{{ '<｜tool▁calls▁end｜><｜end▁of▁sentence｜>' }}"
    "{% elif m.role == 'assistant' %}{{ '<｜Assistant｜>' + m.content + '<｜end▁of▁sentence｜>' }}"
    "{% endif %}{% endfor %}";

}  // namespace axllama::text::testing
