import type { ComponentChildren } from 'preact'

interface PanelProps {
  readonly id: string
  readonly title: string
  /** A word or figure beside the title. */
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}

export function Panel({ id, title, aside, children }: PanelProps) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

interface FactProps {
  readonly label: string
  readonly value: ComponentChildren
  readonly amiss?: boolean
}

/** A name and its value; goes into a `<dl class="facts">`. */
export function Fact({ label, value, amiss = false }: FactProps) {
  return (
    <div data-amiss={amiss}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}
