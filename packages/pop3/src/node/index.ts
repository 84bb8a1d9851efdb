export { type CloseOptions, type Listening, type ListenOptions, listen } from '@posthouse/wire/node'
