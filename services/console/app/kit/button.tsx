// Buttons and links that look like them. A verb stands on each; one filled button a view.

import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { tellFailure } from './failure.tsx'
import { Icon, type IconName } from './icon.tsx'

type Look = 'filled' | 'plain' | 'quiet' | 'danger'

export function Button({
  look = 'plain',
  icon,
  children,
  onPress,
  type = 'button',
  ...rest
}: {
  readonly look?: Look
  readonly icon?: IconName
  readonly children?: ComponentChildren
  /** While its promise runs the button waits; what it rejects with is told. */
  readonly onPress?: () => unknown
  readonly type?: 'button' | 'submit'
  readonly disabled?: boolean
  readonly 'aria-label'?: string
  readonly 'aria-expanded'?: boolean
  readonly 'aria-haspopup'?: 'menu' | 'dialog'
  readonly 'aria-pressed'?: boolean
  readonly title?: string
  readonly class?: string
  readonly autofocus?: boolean
}) {
  const [isBusy, setBusy] = useState(false)
  const press = async () => {
    const pressed = onPress?.()
    if (!(pressed instanceof Promise)) return
    setBusy(true)
    try {
      await pressed
    } catch (error) {
      tellFailure(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <button
      {...rest}
      type={type}
      class={`button ${look} ${rest.class ?? ''}`}
      aria-busy={isBusy || undefined}
      disabled={rest.disabled || isBusy}
      {...(onPress && { onClick: press })}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

export function ButtonLink({
  look = 'plain',
  icon,
  href,
  children,
  ...rest
}: {
  readonly look?: Look
  readonly icon?: IconName
  readonly href: string
  readonly children: ComponentChildren
} & Pick<JSX.IntrinsicElements['a'], 'download' | 'target' | 'rel'>) {
  return (
    <a {...rest} class={`button ${look}`} href={href}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  )
}
