export * from './engine/index.js'
export * from './handlers/index.js'
export * from './session/index.js'
export * from './syntax/index.js'
