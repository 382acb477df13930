// Whether a setting of ours takes a text, asked of its own kind, and how the text is written then.

import { writtenText } from '#shared/settings/references.ts'
import { settingsByPath } from '#shared/settings/table.ts'

export type Fitted =
  | { readonly kind: 'fits'; readonly written: string }
  | { readonly kind: 'fault'; readonly reason: string }

/** Of a text that refers to nothing: its dollar signs are its own. */
export function fitSetting(path: string, text: string): Fitted {
  const setting = settingsByPath.get(path)
  if (setting === undefined) return { kind: 'fault', reason: `${path} is no setting` }
  const { kind } = setting
  return kind.parse(text) === undefined
    ? {
        kind: 'fault',
        reason: `${path} does not take '${shortened(text)}', but ${kind.allowed}`,
      }
    : { kind: 'fits', written: writtenText(kind, text) }
}

const SHOWN_MAX = 80
const shortened = (text: string) =>
  text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
