// Is one of these safe to release? What spoke against each stands beside it.

import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { Ago, Foreign, formatBytes } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Empty, Failed, Page, Skeleton } from '../../kit/panel.tsx'
import { segment } from '../../routes.ts'
import { QuarantineActs } from './acts.tsx'
import type { Quarantined } from './quarantine-api.ts'

export function screen() {
  return (
    <Page
      title={t('entry.quarantine')}
      actions={<CopyAs path="/quarantine" command="postwolke queue list --state hold" />}
    >
      <QuarantineList />
    </Page>
  )
}

/** All of it that one may decide about. */
export function QuarantineList() {
  const list = useKeyset<Quarantined>('/quarantine', {})
  return (
    <>
      {list.failure !== undefined && (
        <Failed failure={list.failure} retry={list.reload} lastGoodMs={list.atMs} />
      )}
      {list.rows.length === 0 ? (
        list.failure === undefined &&
        (list.isLoading ? (
          <Skeleton lines={6} />
        ) : (
          <Empty icon="quarantine" title={t('quarantine.empty')}>
            <p>{t('quarantine.emptyText')}</p>
          </Empty>
        ))
      ) : (
        <ul class="traces">
          {list.rows.map((message) => (
            <Row key={message.queueId} message={message} after={list.reload} />
          ))}
        </ul>
      )}
      {list.hasMore && (
        <Button onPress={list.more} disabled={list.isLoading}>
          {t('quarantine.more')}
        </Button>
      )}
    </>
  )
}

function Row({ message, after }: { readonly message: Quarantined; readonly after: () => void }) {
  const { queueId, arrivedAt, sender, from, subject, recipients, reason, bytes } = message
  return (
    <li>
      <div class="quarantine-what">
        <a href={`/quarantine/${segment(queueId)}`}>
          <Foreign text={subject === '' ? t('quarantine.noSubject') : subject} />
        </a>
        <div class="meta">
          <Foreign text={from === '' ? sender : from} /> → <Foreign text={recipients[0] ?? ''} />
          {recipients.length > 1 && ` +${recipients.length - 1}`} · {formatBytes(bytes)} ·{' '}
          <Ago at={arrivedAt} />
        </div>
        <div class="meta">
          {t('quarantine.because')} <Foreign text={reason} />
        </div>
      </div>
      <QuarantineActs message={message} after={after} />
    </li>
  )
}
