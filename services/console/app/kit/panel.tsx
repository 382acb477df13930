// Pages and panels, and the states that each panel has for itself: loading, shown, failed with the age of what is still there.

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { ApiFailure } from '../api/problem.ts'
import { Button } from './button.tsx'
import { explainFailure } from './failure.tsx'
import { Ago } from './format.tsx'
import { Icon, type IconName } from './icon.tsx'
import { t } from './language.ts'
import type { Resource } from './resource.ts'

/** The title of the document too; what it is about stands first there. */
export function Page({
  title,
  subtitle,
  actions,
  back,
  children,
}: {
  readonly title: string
  readonly subtitle?: ComponentChildren
  readonly actions?: ComponentChildren
  readonly back?: { readonly href: string; readonly label: string }
  readonly children: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Postwolke`
  }, [title])
  // Who came here by a link begins at the top, for a screen reader too.
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div class="page">
      <header class="page-head">
        <div class="page-title">
          {back && (
            <a class="back" href={back.href}>
              <Icon name="back" />
              {back.label}
            </a>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {subtitle && <div class="subtitle">{subtitle}</div>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

export function Panel({
  title,
  actions,
  children,
}: {
  readonly title?: string
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}) {
  const id = useId()
  return (
    <section class="panel" {...(title !== undefined && { 'aria-labelledby': id })}>
      {(title !== undefined || actions) && (
        <header class="panel-head">
          {title !== undefined && <h2 id={id}>{title}</h2>}
          {actions && <div class="panel-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  )
}

/** Shows a resource by what is known of it. `skeleton`: lines that stand where the content will. */
export function Loaded<Value>({
  of: resource,
  lines = 3,
  children,
}: {
  readonly of: Resource<Value>
  readonly lines?: number
  readonly children: (value: Value) => ComponentChildren
}) {
  const { value, failure, isLoading, atMs, reload } = resource
  return (
    <div aria-busy={isLoading}>
      {failure !== undefined && <Failed failure={failure} retry={reload} lastGoodMs={atMs} />}
      {value !== undefined ? (
        <div class={isLoading ? 'dimmed' : ''}>{children(value)}</div>
      ) : (
        failure === undefined && <Skeleton lines={lines} />
      )}
    </div>
  )
}

export function Failed({
  failure,
  retry,
  lastGoodMs,
}: {
  readonly failure: unknown
  readonly retry?: () => void
  readonly lastGoodMs?: number | undefined
}) {
  const requestId = failure instanceof ApiFailure ? failure.problem.requestId : undefined
  const isRefused = failure instanceof ApiFailure && failure.problem.status === 403
  return (
    <div class={`notice ${isRefused ? 'warn' : 'bad'}`} role="alert">
      <Icon name={isRefused ? 'warn' : 'bad'} />
      <div>
        <p>{explainFailure(failure)}</p>
        {lastGoodMs !== undefined && (
          <p class="meta">
            {t('state.lastGood')} <Ago at={lastGoodMs} />
          </p>
        )}
        {requestId !== undefined && <p class="meta mono">{requestId}</p>}
      </div>
      {retry && !isRefused && (
        <Button icon="reload" onPress={retry}>
          {t('act.retry')}
        </Button>
      )}
    </div>
  )
}

const SKELETON_AFTER_MS = 200

export function Skeleton({ lines }: { readonly lines: number }) {
  const [isDue, setDue] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), SKELETON_AFTER_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div class={isDue ? 'skeleton' : 'skeleton waiting'} aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  )
}

/** Says what would be here, and how the first one comes. */
export function Empty({
  icon,
  title,
  children,
  command,
}: {
  readonly icon?: IconName
  readonly title: string
  readonly children?: ComponentChildren
  /** Of the command line, which does the same. */
  readonly command?: string
}) {
  return (
    <div class="empty">
      {icon && <Icon name={icon} />}
      <p class="empty-title">{title}</p>
      {children}
      {command !== undefined && <code class="command">{command}</code>}
    </div>
  )
}

/** Names beside values. */
export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>
}

export function Fact({
  name,
  children,
}: {
  readonly name: string
  readonly children: ComponentChildren
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** Word and shape, then colour. */
export function Status({
  look,
  children,
}: {
  readonly look: 'ok' | 'warn' | 'bad' | 'info'
  readonly children: ComponentChildren
}) {
  const icon = look === 'ok' ? 'check' : look
  return (
    <span class={`status ${look}`}>
      <Icon name={icon} />
      {children}
    </span>
  )
}

/** `of` 0: there is no limit. */
export function Meter({
  value,
  of,
  label,
}: {
  readonly value: number
  readonly of: number
  readonly label: string
}) {
  const share = of <= 0 ? 0 : Math.min(1, value / of)
  const look = share >= 0.95 ? 'bad' : share >= 0.8 ? 'warn' : 'ok'
  return (
    <div
      class={`meter ${look}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
    >
      <div style={{ width: `${share * 100}%` }} />
    </div>
  )
}

export function Tabs({
  label,
  tabs,
}: {
  readonly label: string
  readonly tabs: readonly {
    readonly href: string
    readonly label: ComponentChildren
    readonly isCurrent: boolean
  }[]
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ href, label: text, isCurrent }) => (
        <a key={href} href={href} {...(isCurrent && { 'aria-current': 'page' })}>
          {text}
        </a>
      ))}
    </nav>
  )
}
