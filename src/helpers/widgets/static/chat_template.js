// A chat as a text with marks: the book's own format, as in helpers.tokenizers.chat_template (TALES).

// The ids of the messages, up to the place where the assistant's next answer begins. What people write is encoded as
// ordinary text, so no message can smuggle in a mark.
export function chatIds(messages, tokenizer, marks) {
  const turns = messages.flatMap(({ role, content }) => [marks[role], ...tokenizer.encode(content.trim()), marks.end]);
  return [...turns, marks.assistant];
}
