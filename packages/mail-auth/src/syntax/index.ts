export {
  type AuthenticationResult,
  readAuthservId,
  writeAuthenticationResults,
} from './authentication-results.js'
