// English: the catalogue that says which texts there are. A part for each part of the console.

import { directory } from './en/directory.ts'
import { me } from './en/me.ts'
import { problems } from './en/problems.ts'
import { shell } from './en/shell.ts'

export const catalogue = { ...shell, ...problems, ...directory, ...me } as const
