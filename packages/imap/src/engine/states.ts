/**
 * What an engine reads next. `→` shows what leads from state to state.
 *
 * ```
 *  state         reads                          leaves to
 *  command       lines and literals of one      command → answer;  literal of a message → announced;
 *                command                        refused → answer
 *  literal       octets of a buffered literal   complete → command
 *  answer        nothing (paused)               completion → command (or a skip);  prompt → line
 *  line          one line                       line → answer
 *  announced     nothing (paused)               accept → message;  completion → command, skipping what comes anyway
 *  message       octets of a message            complete → tail
 *  tail          the text behind a message      next message → announced;  end → answer
 *  skip          octets nobody wants: a         complete → command
 *                literal, the rest of its line
 *  closed        nothing ever
 * ```
 */
export type ReadingState =
  | 'command'
  | 'literal'
  | 'answer'
  | 'line'
  | 'announced'
  | 'message'
  | 'tail'
  | 'skip'
  | 'closed'

/** States of a connection (RFC 9051 §3). */
export type SessionState = 'not-authenticated' | 'authenticated' | 'selected' | 'logout'
