// Kinds of files by the endings of their names.

import type { Kind } from './setting.ts'

const TYPES_MAX = 1_000
const TYPE = /^[a-z0-9_-]{1,20}$/

/** In lower case, without the dot. */
export const attachmentTypes: Kind<readonly string[]> = {
  name: 'file types',
  allowed: 'endings of file names such as exe or .js, separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const words = text.toLowerCase().split(/[\s,]+/)
    const types = new Set(
      words.map((word) => word.replace(/^\*?\./, '')).filter((one) => one !== ''),
    )
    return types.size <= TYPES_MAX && [...types].every((one) => TYPE.test(one))
      ? [...types]
      : undefined
  },
  format: (value) => value.join(', '),
}
