// Which language the sender of a message reads, as far as it says so: Outlook and Exchange send the languages of their user
// (Accept-Language), Thunderbird and others that of the text (Content-Language; RFC 3282). The directory knows of none.

import { type Language, languages } from '#shared/mail/dsn/notice-text.ts'
import { forEachField } from '#shared/mail/header-field.ts'
import { headerText, type Original } from './original.ts'

/** Of a field that lists languages. */
const FIELD_CHARACTERS_MAX = 200

/** Undefined where it says nothing, or knows none of ours. */
export function languageOf(original: Original | undefined): Language | undefined {
  if (original === undefined) return undefined
  const told = new Map<string, string>()
  forEachField(headerText(original), (name, body) => {
    const field = name.toLowerCase()
    if (field === 'accept-language' || field === 'content-language') told.set(field, body)
  })
  return firstKnown(told.get('accept-language')) ?? firstKnown(told.get('content-language'))
}

/** In the order of the field: whoever gives weights gives them falling. */
function firstKnown(field = ''): Language | undefined {
  const tags = field.slice(0, FIELD_CHARACTERS_MAX).toLowerCase().split(',')
  for (const tag of tags) {
    const [primary = ''] = tag.trim().split(/[-;]/)
    const known = languages.find((language) => language === primary)
    if (known !== undefined) return known
  }
  return undefined
}
