/** Words that stand near one-time codes, in the languages of which we have seen mail. */

const NEAR = new RegExp(
  [
    '\\b(?:code|pin|otp|tan|verif|passcode|one-time|einmal|kennwort|token|security|best[äa]tigung|c[óo]digo',
    '|codice|kod|do[ğg]rulama)|コード|認証|確認番号|暗証|パスワード|验证码|校验码|驗證碼|인증|код|رمز|קוד',
  ].join(''),
  'i',
)
/** What introduces the code itself, at the end of a text. */
const LABEL =
  /(?:\b(?:code|codes|pin|otp|passcode|password|tan|token)|[a-zäöüß]code|コード|番号|パスワード|验证码|驗證碼|код)(?: is| lautet| ist| es)?\s?[:=]?\s*$/i

/** Characters before a code that may introduce it. */
const LABELLED = 60

/** Does the text speak of codes? */
export function speaksOfCodes(text: string): boolean {
  return NEAR.test(text)
}

/** Does the text end in words that introduce a code? */
export function labelled(before: string): boolean {
  return LABEL.test(before.slice(-LABELLED))
}

/** Does it, and with more than the word alone: what follows may be letters only. `CODE BELOW` is none. */
export function introduced(before: string): boolean {
  return /(?:[:=]|\b(?:is|ist|lautet))\s*$/.test(before.slice(-LABELLED)) && labelled(before)
}
