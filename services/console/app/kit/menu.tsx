// A button with acts behind it, by pointer and by keyboard.

import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { tellFailure } from './failure.tsx'
import type { IconName } from './icon.tsx'

export type MenuItem = {
  readonly label: string
  readonly act: () => unknown
  readonly isDangerous?: boolean
}

export function Menu({
  label,
  icon = 'more',
  items,
  isIconOnly = false,
}: {
  readonly label: string
  readonly icon?: IconName
  readonly items: readonly MenuItem[]
  readonly isIconOnly?: boolean
}) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const id = useId()
  const itemsOf = () => [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]
  // Before the next key, which may come sooner than the next frame.
  useLayoutEffect(() => {
    if (!isOpen) return
    itemsOf()[0]?.focus()
    const close = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false)
    }
    document.addEventListener('pointerdown', close)
    return () => document.removeEventListener('pointerdown', close)
  }, [isOpen])
  const leave = () => {
    setOpen(false)
    root.current?.querySelector('button')?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) return
    const all = itemsOf()
    const at = all.findIndex((item) => item.matches(':focus'))
    const steps: { readonly [key: string]: number } = { ArrowDown: at + 1, ArrowUp: at - 1 }
    const ends: { readonly [key: string]: number } = { Home: 0, End: all.length - 1 }
    const to = ends[event.key] ?? steps[event.key]
    if (event.key === 'Escape') leave()
    else if (event.key === 'Tab') return setOpen(false)
    else if (to !== undefined) all.at(to % all.length)?.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  if (items.length === 0) return null
  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <Button
        icon={icon}
        look={isIconOnly ? 'quiet' : 'plain'}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        {...(isIconOnly && { 'aria-label': label, title: label })}
        onPress={() => setOpen(!isOpen)}
      >
        {isIconOnly ? undefined : label}
      </Button>
      {isOpen && (
        <div class="menu-items" role="menu" id={id} aria-label={label}>
          {items.map(({ label: text, act, isDangerous }) => (
            <button
              key={text}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={isDangerous ? 'danger' : ''}
              onClick={async () => {
                leave()
                try {
                  await act()
                } catch (error) {
                  tellFailure(error)
                }
              }}
            >
              {text}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
