// What was done as it was asked for, and perhaps is not what was meant.

import type { Warning } from '../api/directory.ts'
import { factsOf } from './failure.tsx'
import { tIfKnown } from './language.ts'
import { toast } from './toast.tsx'

export function tellWarnings(warnings: readonly Warning[] | undefined): void {
  for (const { kind, ...facts } of warnings ?? []) {
    const { end, ...others } = facts
    const text = tIfKnown(`warning.${kind}`, factsOf({ ...Object(end), ...others }))
    if (text !== undefined) toast({ text, look: 'bad' })
  }
}
