// A thing with a version: what is saved says which version it is meant for. Where somebody else was first, both are shown by field, and who
// saves decides; nothing is lost in silence.

import { call } from '../api/client.ts'
import type { Warning } from '../api/directory.ts'
import { ApiFailure } from '../api/problem.ts'
import { Button } from './button.tsx'
import { Dialog, show } from './dialog.tsx'
import { t } from './language.ts'
import { type Resource, useResource } from './resource.ts'
import { tellWarnings } from './warnings.ts'

export type Versioned<Body> = { readonly body: Body; readonly etag: string | undefined }

export type Saved = 'saved' | 'theirs' | 'left'

export function useVersioned<Body extends object>(
  path: string,
): Resource<Versioned<Body>> & {
  /** A merge patch. `labels`: what its members are called in the dialog of a conflict. */
  readonly patch: (
    changes: { readonly [member: string]: unknown },
    labels?: { readonly [member: string]: string },
    /** Where it is not the thing itself that takes it. */
    as?: { readonly method?: 'PUT'; readonly below?: `/${string}` },
  ) => Promise<Saved>
} {
  const resource = useResource(path, async (signal): Promise<Versioned<Body>> => {
    const { body, etag } = await call<Body>('GET', path, { signal })
    return { body, etag }
  })
  return {
    ...resource,
    async patch(changes, labels = {}, as = {}) {
      let etag = resource.value?.etag
      for (;;) {
        try {
          const { body } = await call<{ readonly warnings?: readonly Warning[] }>(
            as.method ?? 'PATCH',
            path + (as.below ?? ''),
            { body: changes, etag },
          )
          tellWarnings(body?.warnings)
          resource.reload()
          return 'saved'
        } catch (error) {
          if (!(error instanceof ApiFailure) || error.problem.status !== 412) throw error
          const theirs = await call<Body>('GET', path)
          const chosen = await askWhich(changes, theirs.body, labels)
          if (chosen === undefined) return 'left'
          if (chosen === 'theirs') {
            resource.set({ body: theirs.body, etag: theirs.etag })
            return 'theirs'
          }
          etag = theirs.etag
        }
      }
    },
  }
}

async function askWhich(
  mine: { readonly [member: string]: unknown },
  theirs: object,
  labels: { readonly [member: string]: string },
): Promise<'mine' | 'theirs' | undefined> {
  const given: { readonly [member: string]: unknown } = { ...theirs }
  return show<'mine' | 'theirs'>((close) => (
    <Dialog
      title={t('conflict.title')}
      onClose={() => close()}
      isWide
      actions={
        <>
          <Button onPress={() => close('theirs')}>{t('conflict.keepTheirs')}</Button>
          <Button look="filled" onPress={() => close('mine')}>
            {t('conflict.keepYours')}
          </Button>
        </>
      }
    >
      <p>{t('conflict.text')}</p>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{t('conflict.field')}</th>
            <th scope="col">{t('conflict.yours')}</th>
            <th scope="col">{t('conflict.theirs')}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(mine).map(([member, value]) => (
            <tr key={member}>
              <th scope="row">{labels[member] ?? member}</th>
              <td>{wordsOf(value)}</td>
              <td>{wordsOf(given[member])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  ))
}

function wordsOf(value: unknown): string {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
