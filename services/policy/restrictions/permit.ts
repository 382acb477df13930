import { permit as permits } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const permit = defineWord('permit', () => () => permits)
