import { dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

const SECOND_MS = 1_000

/** Postfix's way to make impatient clients go. */
export const sleep = defineWord('sleep', (seconds, { clock }) => async () => {
  await clock.sleep(Number(seconds) * SECOND_MS)
  return dunno
})
