// Where the issuer leads back to. It is a page of ours that asks the API and then leads on: a Strict cookie is not sent in a chain of
// redirections that began elsewhere.

import { returnFromIssuer } from '../api/sign-in.ts'
import { ButtonLink } from '../kit/button.tsx'
import { t } from '../kit/language.ts'
import { navigate } from '../kit/location.ts'
import { Failed, Skeleton } from '../kit/panel.tsx'
import { useResource } from '../kit/resource.ts'

export function screen() {
  const done = useResource('oidc', async () => {
    const to = await returnFromIssuer(window.location.search.slice(1))
    await navigate(to, { replace: true })
  })
  return (
    <main class="way-in">
      <h1>{t('signIn.title')}</h1>
      {done.failure === undefined ? (
        <Skeleton lines={2} />
      ) : (
        <>
          {/* What it came back with is good once: to try again is to begin again. */}
          <Failed failure={done.failure} />
          <ButtonLink href="/" look="filled">
            {t('act.back')}
          </ButtonLink>
        </>
      )}
    </main>
  )
}
