// Lines of a source that have a key and a value, and what is wrong with others.

import type { Place } from './plan.ts'

export type Row = { readonly key: string; readonly value: string; readonly from: Place }

/** What is wrong with a line; the rest of its file counts. */
export type RowFault = { readonly about: string; readonly reason: string; readonly from: Place }
export type OnFault = (fault: RowFault) => void
