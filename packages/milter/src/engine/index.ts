export { createMilterEngine, type MilterEngine, type MilterEngineOptions, type MilterEvent } from './engine.js'
export type { MilterState } from './states.js'
