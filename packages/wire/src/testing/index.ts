export * from './engine-player.js'
export * from './memory-link.js'
export * from './transcript.js'
