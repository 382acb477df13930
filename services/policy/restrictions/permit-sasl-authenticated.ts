import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const permit_sasl_authenticated = defineWord(
  'permit_sasl_authenticated',
  () =>
    ({ origin }) =>
      origin.account === null ? dunno : permit,
)
