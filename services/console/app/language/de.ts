// Deutsch, mit Sie. Feste Wörter: Warteschlange, zurückgestellt, angehalten, Weiterleitung, Abwesenheit, Konto, Postfach, Ordner.

import type { MessageText } from '../kit/message.ts'
import { directory } from './de/directory.ts'
import { filters } from './de/filters.ts'
import { mail } from './de/mail.ts'
import { me } from './de/me.ts'
import { problems } from './de/problems.ts'
import { partTexts } from './de/setting-parts.ts'
import { shell } from './de/shell.ts'
import { system } from './de/system.ts'
import type { catalogue as english } from './en.ts'

export const catalogue = {
  ...shell,
  ...problems,
  ...directory,
  ...filters,
  ...me,
  ...mail,
  ...system,
  ...partTexts,
} satisfies {
  readonly [key in keyof typeof english]: MessageText
}
