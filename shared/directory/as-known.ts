// Changes by whoever has looked before: made only while what he has seen is still so. What was read is compared with what he knows, and
// the write has the condition that what was read still stands; so nothing falls between the two.

import type { Condition, Item } from '#shared/storage/ports.ts'

export type AsKnown<T> = {
  /** Whether it is as whoever changes it knows it; absent: whatever it is. */
  readonly isAsKnown?: ((now: T) => boolean | Promise<boolean>) | undefined
}

export type ChangedMeanwhile = { readonly kind: 'changed-meanwhile' }

export const changedMeanwhile: ChangedMeanwhile = { kind: 'changed-meanwhile' }

/** These attributes are what they were when the item was read. */
export const asRead = (item: Item, attributes: readonly string[]): readonly Condition[] =>
  attributes.map((attribute) => {
    const value = item[attribute]
    return value === undefined ? { absent: attribute } : { attribute, is: '=', value }
  })
