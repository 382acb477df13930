// Filters of a list: each is a name of the query, so that a link has them.

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { place, setQuery } from './location.ts'

export function Filters({ children }: { readonly children: ComponentChildren }) {
  return <search class="filters">{children}</search>
}

const STILL_MS = 250

/** Takes effect when somebody stops typing. */
export function FilterText({
  name,
  label,
  placeholder,
  isWide = false,
}: {
  readonly name: string
  readonly label: string
  readonly placeholder?: string
  readonly isWide?: boolean
}) {
  const id = useId()
  const given = place.value.query.get(name) ?? ''
  const [text, setText] = useState(given)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const wanted = useRef(given)
  // Back, or a cleared filter; not what was wanted here, after which somebody may have typed on.
  useLayoutEffect(() => {
    if (given === wanted.current) return
    wanted.current = given
    clearTimeout(timer.current)
    setText(given)
  }, [given])
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <div class={isWide ? 'field wide' : 'field'}>
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        type="search"
        value={text}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          const { value } = event.currentTarget
          setText(value)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => {
            wanted.current = value.trim()
            setQuery({ [name]: wanted.current })
          }, STILL_MS)
        }}
      />
    </div>
  )
}

export function FilterChoice({
  name,
  label,
  options,
}: {
  readonly name: string
  readonly label: string
  readonly options: readonly { readonly value: string; readonly label: string }[]
}) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        value={place.value.query.get(name) ?? ''}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      >
        {options.map(({ value, label: text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
