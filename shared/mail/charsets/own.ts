// The character sets that are decoded here and not by TextDecoder.

import { codePages } from './code-pages.ts'
import type { CharsetDecoder } from './decoder.ts'
import { HzDecoder } from './hz.ts'
import { Iso2022Decoder } from './iso-2022.ts'
import { type CodePage, SingleByteDecoder } from './single-byte.ts'
import { Utf7Decoder } from './utf-7.ts'

/** What bytes mean in these depends on those before: each encoded word is a text of its own (RFC 2047 §5 (3)). */
const stateful: ReadonlyMap<string, () => CharsetDecoder> = new Map<string, () => CharsetDecoder>([
  ['iso-2022-jp', () => new Iso2022Decoder('katakana')],
  ['iso-2022-kr', () => new Iso2022Decoder('ks-x-1001')],
  ['iso-2022-cn', () => new Iso2022Decoder('gb-2312')],
  ['hz-gb-2312', () => new HzDecoder()],
  ['utf-7', () => new Utf7Decoder()],
])

export const isStateful = (label: string) => stateful.has(label)

/** Undefined for what is not decoded here. */
export function ownDecoder(label: string): CharsetDecoder | undefined {
  return stateful.get(label)?.() ?? (isCodePage(label) ? new SingleByteDecoder(label) : undefined)
}

export const isOwnLabel = (label: string) => stateful.has(label) || isCodePage(label)

function isCodePage(label: string): label is CodePage {
  return Object.hasOwn(codePages, label)
}

/** Other names of these, in lower case and with "-" for "_". */
export const ownAliases: readonly (readonly [alias: string, label: string])[] = [
  ...nameAll('iso-2022-jp', 'csiso2022jp iso-2022-jp-1 iso-2022-jp-2 csiso2022jp2 iso-2022-jp-3'),
  ...nameAll('iso-2022-jp', 'iso-2022-jp-2004 iso-2022-jp-ext iso-2022-jp-ms jis jis7 jis8'),
  ...nameAll('iso-2022-jp', 'cp50220 cp50221 cp50222 iso2022jp x-iso-2022-jp'),
  ...nameAll('iso-2022-kr', 'csiso2022kr cp50225 iso2022kr'),
  ...nameAll('iso-2022-cn', 'csiso2022cn iso-2022-cn-ext cp50227 iso2022cn'),
  ...nameAll('hz-gb-2312', 'hz hz-gb2312 cp52936'),
  ...nameAll('utf-7', 'unicode-1-1-utf-7 csunicode11utf7 unicode-2-0-utf-7 cp65000 csutf7'),
  ...nameAll('cp437', 'cspc8codepage437'),
  ...nameAll('cp737', 'cspc737greek'),
  ...nameAll('cp775', 'cspc775baltic'),
  ...nameAll('cp850', 'cspc850multilingual'),
  ...nameAll('cp852', 'cspcp852'),
  ...nameAll('cp858', 'pc-multilingual-850+euro'),
  ...nameAll('cp862', 'cspc862latinhebrew'),
  ...nameAll('cp869', 'cp-gr'),
  ...nameAll('cp1125', 'ruscii'),
  ...nameAll('mac-ce', 'x-mac-ce macce x-mac-centraleurroman mac-centraleurope cp10029'),
  ...nameAll('mac-croatian', 'x-mac-croatian maccroatian cp10082'),
  ...nameAll('mac-greek', 'x-mac-greek macgreek cp10006'),
  ...nameAll('mac-icelandic', 'x-mac-icelandic maciceland cp10079'),
  ...nameAll('mac-romanian', 'x-mac-romanian macromania cp10010'),
  ...nameAll('mac-turkish', 'x-mac-turkish macturkish cp10081'),
  ...nameAll('hp-roman8', 'roman8 r8 cshproman8'),
  ...nameAll('koi8-t', 'koi8t'),
  ...nameAll('kz-1048', 'kz1048 rk1048 strk1048-2002 cskz1048'),
  ...nameAll('ptcp154', 'csptcp154 pt154 cp154 cyrillic-asian'),
  ...nameAll('viscii', 'viscii1.1-1 csviscii'),
  ...nameAll('tcvn5712-1', 'tcvn tcvn-5712 tcvn5712 tcvn5712-1:1993'),
]

function nameAll(label: string, aliases: string): (readonly [string, string])[] {
  return aliases.split(' ').map((alias) => [alias, label] as const)
}
