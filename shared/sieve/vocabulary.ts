// The words of the language here: every row, and every name that `require` takes. What stands here is what ManageSieve announces
// (RFC 5804 §1.7), so an extension is named when all of it works.

import type { Vocabulary } from './compile.ts'
import type { CommandRow, TestRow } from './definition.ts'
import { discard, fileinto, keep, redirect } from './rows/actions.ts'
import { allOf, anyOf, isFalse, isTrue, not, stop } from './rows/control.ts'
import { address, envelope, exists, header, size } from './rows/tests.ts'
import { comparators } from './run/comparator.ts'

const commands: readonly CommandRow[] = [stop, keep, discard, fileinto, redirect]

const tests: readonly TestRow[] = [
  isTrue,
  isFalse,
  not,
  allOf,
  anyOf,
  address,
  envelope,
  exists,
  header,
  size,
]

/** In the order in which they are announced. */
const extensions: readonly string[] = [
  'fileinto',
  'envelope',
  'encoded-character',
  'subaddress',
  'relational',
  'copy',
  'comparator-i;octet',
  'comparator-i;ascii-casemap',
  ...[...comparators.values()].flatMap(({ extension }) => extension ?? []),
]

export const vocabulary: Vocabulary = {
  commands: new Map(commands.map((row) => [row.name, row])),
  tests: new Map(tests.map((row) => [row.name, row])),
  extensions: new Set(extensions),
  implied: new Map(),
}
