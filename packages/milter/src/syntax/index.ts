export { BODY_CHUNK, encodeCommand, encodeMacros, type MilterCommand } from './commands.js'
export {
  ALL_ACTIONS,
  actionBits,
  actionsOf,
  MACRO_STAGES,
  type MacroStage,
  type MilterAction,
  type MilterOptions,
  type MilterStep,
  OFFERED_STEPS,
  readOptions,
} from './options.js'
export { createPacketReader, encodePacket, type Packet, type PacketReader } from './packet.js'
export { actionOf, type MilterModification, type MilterReply, type MilterVerdict, readReply } from './replies.js'
