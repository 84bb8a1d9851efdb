/**
 * The client's words break the grammar, or a limit. Thrown by the parsers of a command and caught in one place, which
 * answers BAD with this text: nobody else sees it.
 */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault'
}
