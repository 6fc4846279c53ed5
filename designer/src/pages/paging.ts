import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";
import type { Page } from "@/api/types";

/** A list that goes on by cursor: all items fetched so far, and how to fetch more. */
export function usePages<T>(queryKey: QueryKey, page: (cursor: string | null) => Promise<Page<T>>) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => page(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  return { ...query, items: query.data?.pages.flatMap((one) => one.items) ?? [] };
}
