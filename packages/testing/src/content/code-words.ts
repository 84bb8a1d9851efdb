/** Words that stand near one-time codes, in the languages of which we have seen mail. */

const CODE = [
  '\\b(?:code|pin|otp|tan|passcode|kennwort|token|c[óo]digo|kód|cod(?:ul)?\\b|codice|kod)|[a-zäöüß]ko(?:o?d|de)|[a-z]code',
  '|κωδικ|コード|認証|確認番号|暗証|パスワード|验证码|校验码|驗證碼|动态码|인증|код|رمز|קוד|कोड|ओटीपी|কোড|รหัส|\\bmã[ :]',
].join('')
const NAMED = new RegExp(CODE, 'i')
const NEAR = new RegExp(`${CODE}|\\b(?:verif|one-time|einmal|security|best[äa]tigung|do[ğg]rulama)`, 'i')
/** What introduces the code itself, at the end of a text. */
const LABEL =
  /(?:\b(?:code|codes|pin|otp|passcode|password|tan|token)|[a-zäöüß]code|コード|番号|パスワード|验证码|驗證碼|код)(?: is| lautet| ist| es)?\s?[:=]?\s*$/i
/** What one does with a code, where the word itself is not said. */
const ACTION =
  /\b(?:enter|type|confirm|activat|authenti|password|2fa|two-factor|sign(?:ing)?[- ]?(?:in|up)|log(?:ging)?[- ]?in|anmeld|eingeben|connexion|acceder)/i

/** Characters before a code that may introduce it. */
const LABELLED = 60

/** Does the text speak of codes? */
export function speaksOfCodes(text: string): boolean {
  return NEAR.test(text)
}

/** Does it name one? To verify or to be secure takes none. */
export function namesCode(text: string): boolean {
  return NAMED.test(text)
}

/** Does it speak of codes, or of what one does with them? */
export function speaksOfLogins(text: string): boolean {
  return NEAR.test(text) || ACTION.test(text)
}

/** Does the text end in words that introduce a code? */
export function labelled(before: string): boolean {
  return LABEL.test(before.slice(-LABELLED))
}

/** Does it, and with more than the word alone: what follows may be letters only. `CODE BELOW` is none. */
export function introduced(before: string): boolean {
  return /(?:[:=]|\b(?:is|ist|lautet))\s*$/.test(before.slice(-LABELLED)) && labelled(before)
}
