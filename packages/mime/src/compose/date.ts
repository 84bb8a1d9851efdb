/** Date-times on their way out (RFC 5322 §3.3). */

import { ComposeError } from './errors.js'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** `Mon, 23 Nov 2026 10:31:13 +0000`; `zone` in minutes east of UTC, default 0. */
export function formatDate(date: Date, zone = 0): string {
  const local = new Date(date.getTime() + zone * 60_000)
  const year = local.getUTCFullYear()
  if (Number.isNaN(year) || year < 1900 || year > 9999 || !Number.isInteger(zone) || Math.abs(zone) >= 1440) {
    throw new ComposeError('invalid-date', 'A date must lie between 1900 and 9999, its zone within a day of UTC')
  }
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${year}`
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits).join(':')
  const minutes = Math.abs(zone)
  return `${day} ${time} ${zone < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}${twoDigits(minutes % 60)}`
}
