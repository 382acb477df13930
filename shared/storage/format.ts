// The version of what is stored, for all tables and objects together, on one machine and on AWS. A program opens what an older one
// left and raises the version; it refuses what a newer one left.

import { UnusableStore } from './unusable-store.ts'

/**
 * Raised by a change that programs before it could not work with; a reader for the one before comes with it. What only adds to items
 * leaves it, for on AWS programs of before and after an update work side by side for minutes.
 */
export const STORE_FORMAT = 1

/** Throws an UnusableStore for what a newer program left. */
export function checkFormat(found: number, known: number): void {
  if (found <= known) return
  throw new UnusableStore(
    `it was written by a newer version of Postwolke (format ${found}, this one knows ${known}); use that version`,
  )
}

/** Partition of the directory that is about the store itself, and of no other one's interest. */
export const STORE_PK = 'STORE'
