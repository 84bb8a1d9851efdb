/**
 * Charset labels as mail has them: IANA names and aliases, WHATWG labels, code page numbers of three systems, and the
 * misspellings of thirty years. All lead to one canonical name per decoder, the WHATWG's where it has one.
 */

import { isNumber, lowerCase, trimBlanks } from '../ascii.js'

/** Labels are compared by their letters and digits alone, lower-case and without "x-" and "cs" in front. */
function squeeze(label: string): string {
  let key = ''
  for (let i = 0; i < label.length && key.length < MAX_LABEL; i++) {
    const code = label.charCodeAt(i)
    // RFC 2231 §5: a language tag may follow the charset.
    if (code === 0x2a) break
    if ((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a)) key += label[i]
    else if (code >= 0x41 && code <= 0x5a) key += String.fromCharCode(code + 0x20)
  }
  return key
}

/** Characters of a label that are looked at; IANA allows 40. */
const MAX_LABEL = 40

/** `name: squeezed aliases`; the name itself, squeezed, is always one. */
const ALIASES: Record<string, string> = {
  'us-ascii':
    'ascii us usascii ansix341968 ansix341986 ansix34 iso646us isoir6 iso646irv1991 cp367 ibm367 367 646 7bit',
  'utf-8': 'utf8 utf unicode11utf8 unicode20utf8 utf8n utf8mb4 utf8bom utf8mac',
  'utf-7': 'utf7 unicode11utf7 unicode20utf7',
  'utf-16': 'utf16 unicode iso10646ucs2 ucs2 unicode11',
  'utf-16le': 'utf16le ucs2le unicodelittle',
  'utf-16be': 'utf16be ucs2be unicodefffe unicodebig',
  'utf-32': 'utf32 ucs4 iso10646ucs4',
  'utf-32le': 'utf32le ucs4le',
  'utf-32be': 'utf32be ucs4be',
  'windows-1252':
    'iso88591 isoir100 latin1 l1 iso8859 88591 8859 ibm819 cp819 ansi winlatin1 westeuropean default latin',
  'iso-8859-2': 'isoir101 latin2 l2 centraleuropean',
  'iso-8859-3': 'isoir109 latin3 l3',
  'iso-8859-4': 'isoir110 latin4 l4',
  'iso-8859-5': 'isoir144 cyrillic latincyrillic',
  'iso-8859-6': 'isoir127 arabic ecma114 asmo708 iso88596e iso88596i latinarabic',
  'iso-8859-7': 'isoir126 greek greek8 elot928 ecma118 suneugreek latingreek',
  'iso-8859-8': 'isoir138 hebrew visual iso88598e iso88598i logical latinhebrew',
  'windows-1254': 'iso88599 isoir148 latin5 l5 turkish',
  'iso-8859-10': 'isoir157 latin6 l6',
  'iso-8859-13': 'latin7 l7',
  'iso-8859-14': 'isoir199 latin8 l8 celtic',
  'iso-8859-15': 'latin9 latin0 l9 iso885915',
  'iso-8859-16': 'isoir226 latin10 l10',
  'windows-874': 'iso885911 tis620 tis6200 tis62025330 tis62025291 dos874 thai thai8 isoir166 tis62025290',
  'koi8-r': 'koi8r koi koi8 koi8russian',
  'koi8-u': 'koi8u koi8ru',
  ibm866: 'dos866 ibm866 866 alt',
  macintosh: 'mac macroman',
  'x-mac-cyrillic': 'maccyrillic macukrainian macukraine',
  shift_jis: 'shiftjis sjis sjiswin mskanji ms932 windows31j 31j sjisopen shiftjis2004 sjis2004 csshiftjis macjapanese',
  'euc-jp': 'eucjp ujis eucjpwin eucjpms extendedunixcodepackedformatforjapanese eucjis2004 eucpkdfmtjapanese',
  'iso-2022-jp': 'iso2022jp iso2022jp1 jis iso2022jpms iso2022jpwin iso2022 jisautodetect',
  'iso-2022-jp-2': 'iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpext',
  'iso-2022-kr': 'iso2022kr',
  'iso-2022-cn': 'iso2022cn iso2022cnext',
  'hz-gb-2312': 'hz hzgb hzgb2312',
  gbk: 'gb2312 gb231280 isoir58 chinese euccn eucgb2312cn gb ms936 windows936 gbkeuc gb2312simplified simplifiedchinese macsimpchinese',
  gb18030: 'gb180302000 gb180302005 gb180302022',
  big5: 'big5hkscs cnbig5 xxbig5 big5eten bigfive big52003 eucbig5 big5tw ms950 big5uao traditionalchinese hkscs mactradchinese',
  'euc-kr':
    'euckr ksc56011987 ksc56011989 ksc5601 ksc56011992 ksc5636 korean isoir149 uhc windows949 ms949 ks5601 5601 ksx1001 mackorean',
  'x-user-defined': '',
}

/** Code page numbers (Microsoft's, IBM's) that have another name here. */
const CODE_PAGE_NUMBERS: Record<string, string> = {
  'windows-874': '874',
  shift_jis: '932 943',
  gbk: '936 1386 20936 51936',
  'euc-kr': '949 970 20949 51949',
  big5: '950 951',
  'windows-1252': '819 28591',
  ibm866: '866',
  'koi8-r': '878 20866',
  'utf-16le': '1200',
  'utf-16be': '1201',
  'utf-8': '1208 65001',
  johab: '1361',
  macintosh: '10000',
  'x-mac-cyrillic': '10007',
  'utf-32le': '12000',
  'utf-32be': '12001',
  'us-ascii': '20127',
  'euc-jp': '20932 51932',
  'koi8-u': '21866',
  'windows-1254': '28599',
  'iso-8859-8': '38598',
  'iso-2022-jp': '50220 50221 50222',
  'iso-2022-kr': '50225',
  'iso-2022-cn': '50227',
  'hz-gb-2312': '52936',
  gb18030: '54936',
  'utf-7': '65000',
}
/** Canonical names by label, and by code page; empty until they are needed. */
const NAMES = new Map<string, string>()
const CODE_PAGES = new Map<string, string>()

/** For the first label that is none of the usual ones: it takes longer than to read a message. */
function fillTables(): void {
  for (const [name, numbers] of Object.entries(CODE_PAGE_NUMBERS)) {
    for (const number of numbers.split(' ')) CODE_PAGES.set(number, name)
  }
  for (let part = 1250; part <= 1258; part++) CODE_PAGES.set(String(part), `windows-${part}`)
  for (const part of [2, 3, 4, 5, 6, 7, 8, 13, 15]) CODE_PAGES.set(String(28590 + part), `iso-8859-${part}`)
  for (const [name, aliases] of Object.entries(ALIASES)) {
    NAMES.set(squeeze(name), name)
    for (const alias of aliases.split(' ')) if (alias !== '') NAMES.set(alias, name)
  }
}

/** What stands before the number of a code page. */
const CODE_PAGE_PREFIXES = ['windows', 'codepage', 'win', 'ibm', 'oem', 'ccsid', 'cp', 'ms', 'dos', 'ansi', '']

function codePage(key: string): string | undefined {
  for (const prefix of CODE_PAGE_PREFIXES) {
    if (!key.startsWith(prefix)) continue
    const digits = key.slice(prefix.length)
    if (digits.length < 3 || digits.length > 5 || !isNumber(digits)) continue
    const number = String(Number(digits))
    return CODE_PAGES.get(number) ?? `cp${number}`
  }
  return undefined
}

function lookUp(key: string): string | undefined {
  // IANA's names of ISO 8859 have a year behind them.
  const undated = key.startsWith('iso8859') && key.length > 11 ? key.slice(0, -4) : key
  return NAMES.get(undated) ?? codePage(key)
}

/**
 * The canonical name of a charset label: the WHATWG's name, lower-case, where it has the charset; `cp437` and the like
 * for other code pages; otherwise the label itself, lower-case. It is not said that a decoder exists for it.
 * Labels that mail readers take for a superset do so here: `iso-8859-1` is `windows-1252`, `gb2312` is `gbk`.
 */
export function canonicalCharset(label: string): string {
  if (label === 'utf-8' || label === 'us-ascii') return label
  if (NAMES.size === 0) fillTables()
  let key = squeeze(label)
  const direct = lookUp(key)
  if (direct !== undefined) return direct
  // "x-" marks private names (RFC 2045 §6.3), "cs" the MIB aliases of IANA's registry, some of which
  // have "iso" behind it.
  for (const prefix of ['x', 'cs', 'iso', 'charset']) {
    if (!key.startsWith(prefix)) continue
    key = key.slice(prefix.length)
    const name = lookUp(key)
    if (name !== undefined) return name
  }
  return trimBlanks(lowerCase(label.slice(0, MAX_LABEL)))
}
