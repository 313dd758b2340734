import type { KubernetesObject } from '@rynxs/kernel';

/** An object that the chart renders. */
export type ChartObject = KubernetesObject & { readonly apiVersion: string; readonly kind: string };

/** A way into an object: names of fields, indexes, and names of elements of lists whose elements have names. */
export type FieldPath = readonly (string | number)[];

/** The objects that the chart renders. */
export class RenderedChart {
  constructor(readonly objects: readonly ChartObject[]) {}

  all(kind: string): readonly ChartObject[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  find(kind: string, name: string): ChartObject | undefined {
    return this.all(kind).find(({ metadata }) => metadata.name === name);
  }

  /** What stands at a place of an object; undefined when there is no such object or place. */
  at(kind: string, name: string, ...path: FieldPath): unknown {
    return valueAt(this.find(kind, name), path);
  }

  /** All pods that the chart asks for: of Deployments, Jobs, and by themselves. */
  podSpecs(): readonly PodSpec[] {
    return this.objects.flatMap((object) => {
      const spec =
        object.kind === 'Pod' ? valueAt(object, ['spec']) : valueAt(object, ['spec', 'template', 'spec']);
      return spec === undefined ? [] : [spec as PodSpec];
    });
  }

  /** The labels of those pods. */
  podLabels(): readonly Readonly<Record<string, string>>[] {
    return this.objects.flatMap((object) => {
      const path = object.kind === 'Pod' ? [] : ['spec', 'template'];
      const labels = valueAt(object, [...path, 'metadata', 'labels']);
      const isPod = valueAt(object, [...path, 'spec', 'containers']) !== undefined;
      return isPod ? [labels as Readonly<Record<string, string>>] : [];
    });
  }
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext?: Readonly<Record<string, unknown>>;
}

export interface PodSpec {
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((inside, key) => {
    if (Array.isArray(inside) && typeof key === 'string') {
      return inside.find((element: { readonly name?: string }) => element?.name === key);
    }
    return (inside as Readonly<Record<string | number, unknown>> | null | undefined)?.[key];
  }, value);
}
