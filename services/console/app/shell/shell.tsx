// The page: who has not signed in gets the way in, everybody else the frame with the screen that the address names.

import { useEffect, useState } from 'preact/hooks'
import { current, isAdministrator, may, mayOwn, session, startSession } from '../api/session.ts'
import { Button } from '../kit/button.tsx'
import { Dialogs } from '../kit/dialog.tsx'
import { t } from '../kit/language.ts'
import { place } from '../kit/location.ts'
import { Failed, Page, Skeleton } from '../kit/panel.tsx'
import { Toasts } from '../kit/toasts.tsx'
import { type Matched, matchRoute } from '../routes.ts'
import type { Screen } from '../screen.ts'
import { screens } from '../screens.ts'
import { Frame } from './frame.tsx'
import { HolderFrame } from './holder-frame.tsx'
import './interruptions.tsx'
import { NoRight, NotHere } from './not-here.tsx'
import { SignInPage } from './sign-in.tsx'

export function Shell() {
  return (
    <>
      <Content />
      <Toasts />
      <Dialogs />
    </>
  )
}

function Content() {
  const matched = matchRoute(place.value.path)
  if (matched?.route.isOpen) return <Opened {...matched} key={keyOf(matched)} />
  if (session.value.kind === 'unreachable') return <Gone />
  if (current() === undefined) return <SignInPage />
  const In = isAdministrator() ? Frame : HolderFrame
  return (
    <In entry={matched?.route.entry}>
      {matched === undefined ? (
        <NotHere />
      ) : mayOpen(matched.route) ? (
        <Opened {...matched} key={keyOf(matched)} />
      ) : (
        <NoRight right={matched.route.right} />
      )}
    </In>
  )
}

const mayOpen = ({ right, isOwnToo }: Matched['route']) =>
  may(right) || (isOwnToo === true && right !== undefined && mayOwn(right))

/** Another thing is another page; another tab of it is not. */
const keyOf = ({ route, params }: Matched) => JSON.stringify([route.name, { ...params, tab: '' }])

const loaded = new Map<string, Screen>()

function Opened({ route, params }: Matched) {
  const [, setReady] = useState(0)
  const [failure, setFailure] = useState<unknown>()
  const load = () => {
    setFailure(undefined)
    screens[route.name]().then(({ screen }) => {
      loaded.set(route.name, screen)
      setReady((count) => count + 1)
    }, setFailure)
  }
  useEffect(() => {
    if (!loaded.has(route.name)) load()
  }, [route.name])
  const Found = loaded.get(route.name)
  if (Found !== undefined) return <Found params={params} />
  if (failure !== undefined) {
    return (
      <Page title={t('state.notLoaded')}>
        <Failed failure={failure} retry={load} />
      </Page>
    )
  }
  return <Skeleton lines={6} />
}

function Gone() {
  return (
    <main class="way-in">
      <h1>{t('state.gone')}</h1>
      <p>{t('failure.unreachable')}</p>
      <Button look="filled" icon="reload" onPress={startSession}>
        {t('act.retry')}
      </Button>
    </main>
  )
}
