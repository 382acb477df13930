// The tokens of all accounts.

import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Failed, Page, Skeleton } from '../../kit/panel.tsx'
import { ServiceTabs } from '../../parts/service-tabs.tsx'
import { type Token, TokenItems } from './items.tsx'

export function screen() {
  const list = useKeyset<Token>('/tokens', {})
  const isFirst = list.isLoading && list.rows.length === 0
  return (
    <Page title={t('service.tokens')} actions={<CopyAs path="/tokens" />}>
      <ServiceTabs current="tokens" />
      {list.failure !== undefined && (
        <Failed failure={list.failure} retry={list.reload} lastGoodMs={list.atMs} />
      )}
      {isFirst ? (
        <Skeleton lines={5} />
      ) : (
        list.failure === undefined && (
          <TokenItems
            tokens={list.rows}
            ofAll
            mayRevoke={may('tokens.revoke')}
            changed={list.reload}
          />
        )
      )}
      {list.hasMore && <Button onPress={list.more}>{t('quarantine.more')}</Button>}
    </Page>
  )
}
