/**
 * JSON with every digit of its integers: those that a JavaScript number cannot hold become strings `#123...`, so
 * that two values compare equal only when all digits do.
 */
export function parseExact(text: string): unknown {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}/g, (token) =>
    token.startsWith('"') ? token : `"#${token}"`,
  );
  return JSON.parse(marked);
}
