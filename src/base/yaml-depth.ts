import { Lexer, Parser } from 'yaml';
import { FormatError } from './errors.js';

/** Levels that no configuration comes near: the deepest that Kubernetes knows have some twenty. */
const MAX_DEPTH = 100;

/**
 * Refuses YAML that nests deeper than any configuration. To be called before it is parsed: the package makes values by
 * recursion, and where the stack ends V8 may end the process, which a thousand `[` bring about. Up to syntax the
 * package does not recurse.
 *
 * @throws FormatError with the offset at which it is too deep
 */
export function requireShallowYaml(where: string, source: string): void {
  const parser = new Parser();
  let offset = 0;
  for (const lexeme of new Lexer().lex(source)) {
    for (const _ of parser.next(lexeme));
    // a level is a collection and what is in it
    if (parser.stack.length > 2 * MAX_DEPTH) {
      throw new FormatError(where, offset, `nests deeper than ${MAX_DEPTH} levels, so no configuration`);
    }
    offset += Buffer.byteLength(lexeme);
  }
}
