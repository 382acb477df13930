// English: the catalogue that says which texts there are. A part for each part of the console.

import { directory } from './en/directory.ts'
import { filters } from './en/filters.ts'
import { mail } from './en/mail.ts'
import { me } from './en/me.ts'
import { problems } from './en/problems.ts'
import { shell } from './en/shell.ts'
import { system } from './en/system.ts'

export const catalogue = {
  ...shell,
  ...problems,
  ...directory,
  ...filters,
  ...me,
  ...mail,
  ...system,
} as const
