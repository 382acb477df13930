// What is done with messages of the queue: at once where nothing is lost by it, after a question with the count where something is.

import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import type { MenuItem } from '../../kit/menu.tsx'
import { toast } from '../../kit/toast.tsx'
import {
  type Acted,
  act,
  type Chosen,
  counted,
  countOf,
  type QueueMessage,
  type Verb,
} from './queue-api.ts'

/** To set free and to try again is more than to hold and to delete: one's own mail then goes out. */
const mayDo = (verb: Verb) =>
  may(verb === 'retry' || verb === 'release' ? 'queue.send' : 'queue.act')

export const mayAct = () => may('queue.act')

/** What makes sense in a state; of several states, everything. */
const sensible = {
  held: ['release', 'delete'],
  waiting: ['retry', 'hold', 'delete'],
  any: ['retry', 'hold', 'release', 'delete'],
} as const satisfies { readonly [of in Waits]: readonly Verb[] }

export type Waits = 'held' | 'waiting' | 'any'

export function waitsOf({ state, groups }: QueueMessage): Waits {
  const states = new Set([state, ...groups.map((group) => group.state)])
  if (!states.has('hold')) return 'waiting'
  return states.size === 1 ? 'held' : 'any'
}

const offered = (waits: Waits): readonly Verb[] => sensible[waits].filter(mayDo)

/** Tells what came of it; `after` once the queue is another. */
export async function perform(verb: Verb, chosen: Chosen, after: () => void): Promise<void> {
  const done = await act(verb, chosen)
  tell(verb, done, chosen, after)
}

function tell(verb: Verb, done: Acted, chosen: Chosen, after: () => void): void {
  if (done.kind === 'job') {
    void navigate(`/jobs/${done.jobId}`)
    return
  }
  const text = t(`queue.done.${verb}`, { count: done.count })
  // Released and deleted mail may be gone: only what holds and frees can be taken back.
  const undo = verb === 'hold' && chosen.kind === 'messages' && done.count > 0
  toast({
    text: done.refused === 0 ? text : `${text} ${t('queue.refused', { count: done.refused })}`,
    look: done.refused > 0 ? 'bad' : 'ok',
    ...(undo && { undo: () => perform('release', chosen, after) }),
  })
  after()
}

/** With a notice to the senders, or silently: it is asked each time, as neither is what is always meant. */
export async function askDelete(meant: Chosen, after: () => void): Promise<void> {
  const chosen = await counted(meant)
  const count = countOf(chosen)
  let isSilent = false
  let done: Acted | undefined
  const isDone = await confirm({
    title: t('queue.delete.title', { count }),
    isDangerous: true,
    verb: t('queue.delete.verb', { count }),
    text: (
      <fieldset>
        <legend>{t('queue.delete.legend')}</legend>
        <label class="check">
          <input type="radio" name="notice" defaultChecked onChange={() => (isSilent = false)} />
          <span>
            {t('queue.delete.notice')}
            <br />
            <span class="meta">{t('queue.delete.noticeHint')}</span>
          </span>
        </label>
        <label class="check">
          <input type="radio" name="notice" onChange={() => (isSilent = true)} />
          <span>
            {t('queue.delete.silent')}
            <br />
            <span class="meta">{t('queue.delete.silentHint')}</span>
          </span>
        </label>
      </fieldset>
    ),
    act: async () => {
      done = await act(isSilent ? 'delete' : 'expire', chosen)
    },
  })
  if (isDone && done !== undefined) tell(isSilent ? 'delete' : 'expire', done, chosen, after)
}

const does = (verb: Verb, chosen: Chosen, after: () => void) => () =>
  verb === 'delete' ? askDelete(chosen, after) : perform(verb, chosen, after)

export function ActButtons({
  chosen,
  waits = 'any',
  after,
}: {
  readonly chosen: Chosen
  readonly waits?: Waits
  readonly after: () => void
}) {
  return (
    <>
      {offered(waits).map((verb) => (
        <Button key={verb} onPress={does(verb, chosen, after)}>
          {t(`queue.verb.${verb}`)}
        </Button>
      ))}
    </>
  )
}

export const actItems = (message: QueueMessage, after: () => void): readonly MenuItem[] => {
  const chosen: Chosen = { kind: 'messages', queueIds: [message.queueId] }
  return offered(waitsOf(message)).map((verb) => ({
    label: t(`queue.verb.${verb}`),
    isDangerous: verb === 'delete',
    act: does(verb, chosen, after),
  }))
}
