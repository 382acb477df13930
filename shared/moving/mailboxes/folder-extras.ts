// What a folder has besides messages: annotations (RFC 5464), and what others may do there (RFC 4314). As with scripts, what is here stays as it is:
// its owner may have changed it since.

import type { AccountId, FolderId } from '#shared/contracts/mailbox.ts'
import type { SetAnnotations } from '#shared/mailbox/port.ts'
import type { MailboxForImports } from './mailbox-for-imports.ts'
import type { MailSource, SourceFolder, SourceNote, SourceRight } from './source.ts'

export type GivenRight = SourceRight & {
  /** Of the folder here. */
  readonly folder: string
  readonly outcome: string
}

/** Rights told of one mailbox. */
export const RIGHTS_MAX = 1_000

const refusals: { readonly [kind in Exclude<SetAnnotations['kind'], 'set'>]: string } = {
  'bad-name': 'has no name that an annotation can have here',
  'too-large': 'is larger than an annotation can be here',
  'too-many': 'is more than the annotations that there can be here',
  'too-much': 'is more than the annotations of an account can be here',
  'no-such-folder': 'the folder was removed here meanwhile',
}

/** `folder` undefined: the mailbox as a whole. Returns how many came, or would come. */
export async function bringAnnotations(
  source: MailSource,
  folder: SourceFolder | undefined,
  to: {
    readonly mailbox: Pick<MailboxForImports, 'annotations'>
    readonly accountId: AccountId
    readonly id: FolderId | null
  },
  { dryRun }: { readonly dryRun: boolean },
  note: (note: SourceNote) => void,
): Promise<number> {
  const found = (await source.annotations?.(folder)) ?? []
  if (found.length === 0 || dryRun) return found.length
  const of = { accountId: to.accountId, id: to.id }
  const here = new Set((await to.mailbox.annotations.get(of)).map(({ entry }) => entry))
  let brought = 0
  for (const { entry, value } of found) {
    if (here.has(entry.toLowerCase())) continue
    const set = await to.mailbox.annotations.set(of, [{ entry, value }])
    if (set.kind === 'set') brought++
    else note({ about: entry.slice(0, 200), reason: refusals[set.kind] })
  }
  return brought
}

/** With `give` those whose names are accounts here; without, all are only told. */
export async function bringRights(
  source: MailSource,
  folder: SourceFolder,
  path: string,
  give: ((path: string, right: SourceRight) => Promise<string>) | undefined,
): Promise<readonly GivenRight[]> {
  const given: GivenRight[] = []
  for (const right of ((await source.rights?.(folder)) ?? []).slice(0, RIGHTS_MAX)) {
    const outcome = await outcomeOf(path, right, give)
    given.push({ ...right, folder: path, outcome })
  }
  return given
}

async function outcomeOf(
  path: string,
  right: SourceRight,
  give: ((path: string, right: SourceRight) => Promise<string>) | undefined,
): Promise<string> {
  switch (right.of) {
    case 'everyone':
      return 'not given: what everyone may do, an administrator says'
    case 'group':
      return 'not given: there are no groups here'
    case 'account':
      return (await give?.(path, right)) ?? 'not given without --rights'
  }
}
