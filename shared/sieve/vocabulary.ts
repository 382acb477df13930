// The words of the language here: every row, and every name that `require` takes. What stands here is what ManageSieve announces
// (RFC 5804 §1.7), so an extension is named when all of it works.

import type { Vocabulary } from './compile.ts'
import type { CommandRow, TestRow } from './definition.ts'
import { discard, fileinto, keep, redirect } from './rows/actions.ts'
import { body } from './rows/body.ts'
import { allOf, anyOf, isFalse, isTrue, not, stop } from './rows/control.ts'
import { currentDate, date } from './rows/dates.ts'
import { duplicate } from './rows/duplicate.ts'
import { addHeader, deleteHeader } from './rows/edit-header.ts'
import { debugLog, environment, error, ihave } from './rows/environment.ts'
import { addFlag, hasFlag, removeFlag, setFlag } from './rows/flags.ts'
import {
  mailboxExists,
  mailboxIdExists,
  metadata,
  metadataExists,
  serverMetadata,
  serverMetadataExists,
  specialUseExists,
} from './rows/folders.ts'
import { global, include, returnCommand } from './rows/include.ts'
import { validExtList } from './rows/lists.ts'
import { notify, notifyMethodCapability, validNotifyMethod } from './rows/notify.ts'
import { breakCommand, enclose, extractText, forEveryPart, replace } from './rows/parts.ts'
import { ereject, reject } from './rows/refusal.ts'
import { address, envelope, exists, header, size } from './rows/tests.ts'
import { vacation } from './rows/vacation.ts'
import { set, stringTest } from './rows/variables.ts'
import { spamTest, virusTest } from './rows/verdict.ts'
import { comparators } from './run/comparator.ts'

const commands: readonly CommandRow[] = [
  stop,
  keep,
  discard,
  fileinto,
  redirect,
  reject,
  ereject,
  vacation,
  notify,
  set,
  setFlag,
  addFlag,
  removeFlag,
  include,
  returnCommand,
  global,
  addHeader,
  deleteHeader,
  forEveryPart,
  breakCommand,
  extractText,
  replace,
  enclose,
  error,
  debugLog,
]

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
  body,
  date,
  currentDate,
  stringTest,
  hasFlag,
  environment,
  ihave,
  mailboxExists,
  mailboxIdExists,
  specialUseExists,
  metadata,
  metadataExists,
  serverMetadata,
  serverMetadataExists,
  duplicate,
  spamTest,
  virusTest,
  validNotifyMethod,
  notifyMethodCapability,
  validExtList,
]

/** In the order in which they are announced. */
const extensions: readonly string[] = [
  'fileinto',
  'reject',
  'ereject',
  'envelope',
  'envelope-dsn',
  'encoded-character',
  'vacation',
  'vacation-seconds',
  'subaddress',
  'relational',
  'regex',
  'copy',
  'variables',
  'imap4flags',
  'body',
  'date',
  'index',
  'editheader',
  'mime',
  'foreverypart',
  'extracttext',
  'replace',
  'enclose',
  'include',
  'environment',
  'imapsieve',
  'ihave',
  'mailbox',
  'mailboxid',
  'mboxmetadata',
  'servermetadata',
  'special-use',
  'fcc',
  'duplicate',
  'spamtest',
  'spamtestplus',
  'virustest',
  'enotify',
  'extlists',
  'vnd.dovecot.debug',
  'comparator-i;octet',
  'comparator-i;ascii-casemap',
  ...[...comparators.values()].flatMap(({ extension }) => extension ?? []),
]

export const vocabulary: Vocabulary = {
  commands: new Map(commands.map((row) => [row.name, row])),
  tests: new Map(tests.map((row) => [row.name, row])),
  extensions: new Set(extensions),
  // RFC 6131 §3; RFC 5235 §3.2.
  implied: new Map([['vacation-seconds', ['vacation']]]),
}
