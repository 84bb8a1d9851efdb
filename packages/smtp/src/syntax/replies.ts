/** The replies of this server, each with its reason. Texts are for people; programs read the codes. */
import { fixedReply, type Reply, reply } from './reply.js'

const OK = fixedReply(250, '2.0.0', 'OK')
const SENDER_OK = fixedReply(250, '2.1.0', 'Sender OK')
const RECIPIENT_OK = fixedReply(250, '2.1.5', 'Recipient OK')
const RESET = fixedReply(250, '2.0.0', 'Flushed')
const GO_AHEAD = fixedReply(354, null, 'Start mail input; end with <CRLF>.<CRLF>')
const ACCEPTED = fixedReply(250, '2.0.0', 'Message accepted')

/** Named constructors of the replies that SMTP needs everywhere. */
export const replies = {
  ok: (): Reply => OK,
  senderOk: (): Reply => SENDER_OK,
  recipientOk: (): Reply => RECIPIENT_OK,
  flushed: (): Reply => RESET,
  startMailInput: (): Reply => GO_AHEAD,
  /** The message is safe. `id` is what the log calls it. */
  accepted: (id?: string): Reply => (id === undefined ? ACCEPTED : reply(250, '2.0.0', `Message accepted as ${id}`)),
  /** draft-hall-prdr: a reply for each recipient follows, and one for all. */
  perRecipientReplies: (): Reply => reply(353, null, 'A reply for each recipient follows'),
  goodbye: (hostname: string): Reply => fixedReply(221, '2.0.0', `${hostname} closing connection`),

  // 421: the connection closes (RFC 5321 §3.8)
  shuttingDown: (): Reply => reply(421, '4.3.2', 'The server is going down; try again later'),
  idleTooLong: (): Reply => reply(421, '4.4.2', 'Idle for too long; closing connection'),
  messageTooSlow: (): Reply => reply(421, '4.4.2', 'The message takes too long; closing connection'),
  tooManyErrors: (): Reply => reply(421, '4.7.0', 'Too many errors; closing connection'),
  tooManyUnknown: (): Reply => reply(421, '4.7.0', 'Too many recipients that were refused; closing connection'),
  tooManyConnections: (): Reply => reply(421, '4.7.0', 'Too many connections; try again later'),
  tooManyMessages: (): Reply => reply(421, '4.7.0', 'Too many messages over one connection'),
  failedConnection: (): Reply => reply(421, '4.3.0', 'Local problem; closing connection'),

  // 4yz: try again later
  localProblem: (): Reply => reply(451, '4.3.0', 'Local problem; try again later'),
  tooManyRecipients: (): Reply => reply(452, '4.5.3', 'Too many recipients; send the rest with another message'),
  insufficientStorage: (): Reply => reply(452, '4.3.1', 'Not enough room; try again later'),

  // 50z: not a command, or not now
  unknownCommand: (): Reply => reply(500, '5.5.1', 'Command not recognized'),
  notImplemented: (): Reply => reply(502, '5.5.1', 'Command not implemented'),
  controlCharacter: (): Reply => reply(500, '5.5.2', 'Control character in a command'),
  invalidUtf8: (): Reply => reply(500, '5.5.2', 'A command is ASCII, or UTF-8'),
  lineTooLong: (): Reply => reply(500, '5.5.2', 'Line too long'),
  bareLineFeed: (): Reply => reply(500, '5.5.2', 'Bare LF; a command ends with CRLF'),
  badSequence: (text: string): Reply => reply(503, '5.5.1', text),
  needGreeting: (verb: string): Reply => reply(503, '5.5.1', `Say ${verb} first`),
  noValidRecipients: (): Reply => reply(503, '5.5.1', 'No valid recipients'),
  unknownParameter: (name: string): Reply => reply(555, '5.5.4', `Parameter ${name} is not supported`),
  badParameter: (text: string): Reply => reply(501, '5.5.4', text),

  // 53z: authentication and TLS (RFC 4954 §6, RFC 3207 §4)
  authenticated: (): Reply => reply(235, '2.7.0', 'Authentication succeeded'),
  authenticationRequired: (): Reply => reply(530, '5.7.0', 'Authentication required'),
  authenticationFailed: (): Reply => reply(535, '5.7.8', 'Authentication credentials invalid'),
  authenticationUnavailable: (): Reply => reply(454, '4.7.0', 'Temporary authentication failure'),
  authenticationCancelled: (): Reply => reply(501, '5.7.0', 'Authentication cancelled'),
  encryptionRequired: (): Reply => reply(538, '5.7.11', 'Encryption is required for this mechanism'),
  unknownMechanism: (): Reply => reply(504, '5.5.4', 'Authentication mechanism not supported'),
  badBase64: (): Reply => reply(501, '5.5.2', 'Not base64'),
  /** RFC 4954 §4: for a mechanism in which the server speaks first. */
  noInitialResponse: (): Reply => reply(501, '5.7.0', 'This mechanism has no initial response'),
  authLineTooLong: (): Reply => reply(500, '5.5.6', 'Authentication line too long'),
  startTlsFirst: (): Reply => reply(530, '5.7.0', 'Say STARTTLS first'),
  readyForTls: (): Reply => reply(220, '2.0.0', 'Ready to start TLS'),

  // 55z: addresses and messages
  unknownUser: (address: string): Reply => reply(550, '5.1.1', `No such user here: ${address}`),
  senderNotYours: (): Reply => reply(550, '5.7.1', 'This sender address is not yours'),
  relayDenied: (): Reply => reply(550, '5.7.1', 'Relaying denied'),
  messageTooBig: (limit: number): Reply => reply(552, '5.3.4', `Message bigger than ${limit} octets`),
  badLineEnds: (what: string): Reply => reply(550, '5.6.0', `Message refused: ${what}`),
  nobodyTakesIt: (): Reply => reply(554, '5.3.5', 'No handler takes mail here'),
} as const
