// Files and directories that procmail writes mail to, as folders. Mail lies in a folder of the home (MAILDIR, or what is named so by custom):
// what is below it keeps its path. `~` stands for the home in all of this.

import { Untranslatable } from './untranslatable.ts'

export type Place =
  | { readonly kind: 'folder'; readonly name: string; readonly remark?: string }
  | { readonly kind: 'inbox' }
  /** /dev/null. */
  | { readonly kind: 'nothing' }

export type MailHome = {
  /** Where names begin that do not begin at the root. */
  readonly maildir: string
  /** Files and directories that are the inbox. */
  readonly inboxes: readonly string[]
}

export function placeOf(name: string, { maildir, inboxes }: MailHome): Place {
  const path = pathOf(name, maildir)
  if (path === '/dev/null') return { kind: 'nothing' }
  if (inboxes.some((inbox) => pathOf(inbox, maildir) === path) || spool.test(path)) {
    return { kind: 'inbox' }
  }
  const root = [pathOf(maildir, '~'), ...inboxes.map((each) => pathOf(each, maildir)), ...homes]
    .filter((each) => each !== '~' && path.startsWith(`${each}/`))
    .toSorted((a, b) => b.length - a.length)[0]
  const inside = path.slice(root === undefined ? 0 : root.length + 1)
  const relative = root === undefined ? inside.replace(/^~\//, '') : inside
  if (!relative.startsWith('/')) return named(relative)
  const last = relative.slice(relative.lastIndexOf('/') + 1)
  return { ...named(last), remark: `${path} is not in the mail home: its folder is ${last}` }
}

/** Where mail lies by custom. */
const homes: readonly string[] = ['~/Maildir', '~/Mail', '~/mail', '~/.maildir', '~']

/** Of the system, for each user. */
const spool = /^\/var\/(spool\/)?mail(\/[^/]+)+$/

/** A home of a user, by custom. */
const userHome = /^\/(?:usr\/|export\/|var\/)?home\/[^/]+(?=\/|$)/

/** Of a name as a recipe has it. */
export function pathOf(name: string, maildir: string): string {
  const whole = /^[/~]/.test(name) ? name : `${maildir}/${name}`
  const path = whole.replace(userHome, '~')
  // `…/` is a Maildir, and `…/.` is of MH; a mailbox file has neither.
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return path.startsWith('/') ? `/${parts.join('/')}` : parts.join('/')
}

function named(relative: string): Extract<Place, { kind: 'folder' }> {
  if (relative.split('/').includes('..')) {
    throw new Untranslatable('its folder is outside of the mail home')
  }
  // Maildir++: `.Lists.node` is a folder in a folder.
  const parts = relative
    .split('/')
    .flatMap((part) => (part.startsWith('.') ? part.slice(1).split('.') : [part]))
    .filter((part) => part !== '')
  if (parts.length === 0) throw new Untranslatable('it names no folder')
  const name = parts.join('/')
  if (/[\u0000\u0002-\u001f\u007f*%]/.test(name)) {
    throw new Untranslatable('its folder has characters in its name that no folder may have')
  }
  return { kind: 'folder', name: /^inbox(?=\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name }
}
