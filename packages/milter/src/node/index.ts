export { milterAt } from './address.js'
