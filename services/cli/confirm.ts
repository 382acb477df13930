// What cannot be undone is asked about where a person can answer. A script has said what it wants by running the command.

import type { Process } from './context.ts'
import { CommandFailure } from './failure.ts'

export const yesOption = ['--yes', 'do not ask'] as const

/** Resolves when it may be done. `what` is what would go, as the end of a sentence. */
export async function confirm(
  { person }: Process,
  what: string,
  { yes = false }: { readonly yes?: boolean | undefined },
): Promise<void> {
  if (yes || person === undefined) return
  const answer = await person.ask(`This removes ${what}. Nothing brings it back. Go on? [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('nothing was removed')
}

/** The same of something that is not removed: `question` is all of it. */
export async function confirmDeed(
  { person }: Process,
  question: string,
  { yes = false }: { readonly yes?: boolean | undefined },
): Promise<void> {
  if (yes || person === undefined) return
  const answer = await person.ask(`${question} Go on? [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('nothing was done')
}
