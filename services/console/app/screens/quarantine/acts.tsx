// Released to those who wait for it, with its sender let in from now on or not; or deleted, after a question.

import { may, mayOwn } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { t } from '../../kit/language.ts'
import { toast } from '../../kit/toast.tsx'
import { tellWarnings } from '../../kit/warnings.ts'
import { type Quarantined, release, remove } from './quarantine-api.ts'

export function QuarantineActs({
  message,
  recipients,
  after,
}: {
  readonly message: Pick<Quarantined, 'queueId' | 'subject' | 'recipients'>
  /** Only to these; absent: to all. */
  readonly recipients?: readonly string[]
  readonly after: () => void
}) {
  const { queueId, subject } = message
  const isNobody = recipients?.length === 0
  const free = (notSpam: boolean) => async () => {
    const { body } = await release(queueId, {
      ...(recipients && { recipients }),
      ...(notSpam && { notSpam }),
    })
    const isAllowed = notSpam && body.warnings.length === 0
    toast({ text: t(isAllowed ? 'quarantine.wasAllowed' : 'quarantine.wasReleased') })
    tellWarnings(body.warnings)
    after()
  }
  const askDelete = async () => {
    const isDone = await confirm({
      title: t('quarantine.deleteTitle'),
      text: (
        <p>
          <bdi>{subject}</bdi>
          <br />
          {t('quarantine.deleteText')}
        </p>
      ),
      verb: t('act.delete'),
      isDangerous: true,
      act: () => remove(queueId),
    })
    if (!isDone) return
    toast({ text: t('quarantine.wasDeleted') })
    after()
  }
  if (!mayOwn('quarantine.release')) return null
  return (
    <span class="queue-group-acts">
      <Button disabled={isNobody} onPress={free(false)}>
        {t('quarantine.release')}
      </Button>
      {may('policy.write') && (
        <Button disabled={isNobody} onPress={free(true)}>
          {t('quarantine.notSpam')}
        </Button>
      )}
      <Button onPress={askDelete}>{t('act.delete')}</Button>
    </span>
  )
}
