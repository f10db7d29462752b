# Depth of one stretch of a contig, finished as the records come by: memory does not follow its length.
#
# Two tracks: fragments (an overlap of mates counts once; the settings' flags are left out), and
# every base that samtools stats counts. Changes of depth lie in a window that moves along; changes
# far ahead (introns) wait in a list.

cdef enum:
    WINDOW = 1 << 18             # bases
    STEP = WINDOW // 4           # the window moves when so many bases can be finished
    DEPTHS = 65536               # deeper bases are listed
    COVERAGES = 1002             # depths of samtools stats: 0 to 1000, and more
    TRACKS = 2                   # fragments, coverage

cdef struct Depth:
    int64_t start                # the stretch: [start, end)
    int64_t end
    int64_t base                 # the window begins here; everything before it is finished
    int64_t touched              # end of the part of the window that holds changes
    int32_t *change              # [WINDOW + 1, TRACKS]
    int32_t *depth               # [WINDOW] fragment depth of what is being finished
    int32_t level[TRACKS]        # depth just before `base`
    Vector ahead                 # position, track, change
    int64_t *histogram           # [DEPTHS] bases by fragment depth
    int64_t *target_histogram    # [DEPTHS]
    int64_t *coverage            # [COVERAGES]
    Vector deep                  # kind (0 all, 1 target), depth, bases: depths of DEPTHS or more
    int64_t n_evaluated          # intervals: starts and ends, rising; -1: all bases
    const int64_t *evaluated
    int64_t evaluated_sum
    int64_t n_targets            # -1: there are none
    const int64_t *targets
    int64_t window_size          # bases of a window of the output; 0: none are made
    Vector windows               # sums of fragment depth of the stretch's windows
    bint with_runs
    Vector runs                  # end, depth: stretches of equal fragment depth
    Regions regions


cdef int depth_init(Depth *d) noexcept nogil:
    memset(d, 0, sizeof(Depth))
    d.change = <int32_t *>calloc((WINDOW + 1) * TRACKS, sizeof(int32_t))
    d.depth = <int32_t *>calloc(WINDOW, sizeof(int32_t))
    d.histogram = <int64_t *>calloc(DEPTHS, sizeof(int64_t))
    d.target_histogram = <int64_t *>calloc(DEPTHS, sizeof(int64_t))
    d.coverage = <int64_t *>calloc(COVERAGES, sizeof(int64_t))
    if (d.change == NULL or d.depth == NULL or d.histogram == NULL
            or d.target_histogram == NULL or d.coverage == NULL):
        return NO_MEMORY
    return OK


cdef void depth_free(Depth *d) noexcept nogil:
    free(d.change)
    free(d.depth)
    free(d.histogram)
    free(d.target_histogram)
    free(d.coverage)
    free(d.ahead.p)
    free(d.deep.p)
    free(d.windows.p)
    free(d.runs.p)
    free(d.regions.active.p)
    memset(d, 0, sizeof(Depth))


cdef void depth_open(Depth *d, int64_t start, int64_t end) noexcept nogil:
    """Begin a stretch; what the one before has counted is given up."""
    memset(d.change, 0, (WINDOW + 1) * TRACKS * sizeof(int32_t))
    memset(d.histogram, 0, DEPTHS * sizeof(int64_t))
    memset(d.target_histogram, 0, DEPTHS * sizeof(int64_t))
    memset(d.coverage, 0, COVERAGES * sizeof(int64_t))
    memset(d.level, 0, TRACKS * sizeof(int32_t))
    d.start = d.base = d.touched = start
    d.end = high(start, end)
    d.ahead.n = d.deep.n = d.runs.n = d.windows.n = d.regions.active.n = d.regions.next = 0
    d.evaluated_sum = 0


cdef int depth_change(Depth *d, int track, int64_t position, int32_t change) noexcept nogil:
    if position < d.base + WINDOW:
        d.change[(position - d.base) * TRACKS + track] += change
        d.touched = high(d.touched, position + 1)
        return OK
    if (not vector_push(&d.ahead, position) or not vector_push(&d.ahead, track)
            or not vector_push(&d.ahead, change)):
        return NO_MEMORY
    return OK


cdef int depth_add(Depth *d, int track, int64_t start, int64_t end, int32_t by) noexcept nogil:
    """Change the depth of [start, end), as far as it lies in the stretch."""
    cdef int rc
    start = high(start, d.base)
    end = low(end, d.end)
    if start >= end:
        return OK
    rc = depth_change(d, track, start, by)
    if rc == OK and end < d.end:
        rc = depth_change(d, track, end, -by)
    return rc


cdef int depth_advance(Depth *d, int64_t position, bint at_once) noexcept nogil:
    """Finish the bases before a position, if they are many or it must be at once."""
    cdef int64_t stop
    cdef int rc
    position = low(position, d.end)
    if position - d.base < STEP and not at_once:
        return OK
    while d.base < position:
        if d.touched <= d.base:
            stop = low(position, depth_next_ahead(d))
            if stop > d.base:
                rc = depth_level(d, stop)
                if rc != OK:
                    return rc
                d.base = d.touched = stop
        else:
            stop = low(position, d.base + WINDOW)
            rc = depth_close(d, stop)
            if rc != OK:
                return rc
        depth_take_ahead(d)
    return OK


cdef int64_t depth_next_ahead(Depth *d) noexcept nogil:
    """The nearest position in the list of changes ahead."""
    cdef int64_t i, nearest = INT64_MAX
    for i in range(0, d.ahead.n, 3):
        nearest = low(nearest, d.ahead.p[i])
    return nearest


cdef void depth_take_ahead(Depth *d) noexcept nogil:
    """Move changes from the list into the window."""
    cdef int64_t i, kept = 0
    for i in range(0, d.ahead.n, 3):
        if d.ahead.p[i] < d.base + WINDOW:
            d.change[(d.ahead.p[i] - d.base) * TRACKS + d.ahead.p[i + 1]] += (
                <int32_t>d.ahead.p[i + 2])
            d.touched = high(d.touched, d.ahead.p[i] + 1)
        else:
            d.ahead.p[kept] = d.ahead.p[i]
            d.ahead.p[kept + 1] = d.ahead.p[i + 1]
            d.ahead.p[kept + 2] = d.ahead.p[i + 2]
            kept += 3
    d.ahead.n = kept


cdef int depth_level(Depth *d, int64_t stop) noexcept nogil:
    """Finish [base, stop), where nothing changes."""
    cdef int64_t n = stop - d.base, depth = d.level[0], inside
    d.coverage[low(d.level[1], COVERAGES - 1)] += n
    d.evaluated_sum += depth * bases_in(d.evaluated, d.n_evaluated, d.base, stop)
    if not count_depth(d, 0, depth, n):
        return NO_MEMORY
    if d.n_targets >= 0:
        inside = bases_in(d.targets, d.n_targets, d.base, stop)
        if inside and not count_depth(d, 1, depth, inside):
            return NO_MEMORY
    if d.regions.n and not regions_add(&d.regions, d.base, stop, NULL, depth):
        return NO_MEMORY
    return depth_outputs_level(d, stop, depth)


cdef int64_t bases_in(
    const int64_t *interval, int64_t n, int64_t start, int64_t end
) noexcept nogil:
    """Bases of intervals inside [start, end); n < 0: all of them."""
    cdef int64_t i, inside = 0
    if n < 0:
        return end - start
    for i in range(first_interval(interval, n, start), n):
        if interval[2 * i] >= end:
            break
        inside += low(end, interval[2 * i + 1]) - high(start, interval[2 * i])
    return inside


cdef int64_t first_interval(const int64_t *interval, int64_t n, int64_t start) noexcept nogil:
    """The first interval that ends behind a position."""
    cdef int64_t lo = 0, hi = n, middle
    while lo < hi:
        middle = (lo + hi) // 2
        if interval[2 * middle + 1] <= start:
            lo = middle + 1
        else:
            hi = middle
    return lo


cdef bint count_depth(Depth *d, int kind, int64_t depth, int64_t n) noexcept nogil:
    """Count n bases of a depth; False where memory is out."""
    cdef int64_t *histogram = d.target_histogram if kind else d.histogram
    if 0 <= depth < DEPTHS:
        histogram[depth] += n
        return True
    return (vector_push(&d.deep, kind) and vector_push(&d.deep, depth)
            and vector_push(&d.deep, n))


cdef int depth_close(Depth *d, int64_t stop) noexcept nogil:
    """Finish [base, stop), at most a window."""
    cdef int64_t n = stop - d.base, i, total = 0
    cdef int32_t fragment = d.level[0], coverage = d.level[1], most = 0
    cdef int32_t *change = d.change
    cdef int32_t *depth = d.depth
    cdef int rc
    for i in range(n):
        fragment += change[2 * i]
        coverage += change[2 * i + 1]
        depth[i] = fragment
        total += fragment
        most |= fragment
        d.coverage[low(coverage, COVERAGES - 1)] += 1
    if 0 <= most < DEPTHS:
        for i in range(n):
            d.histogram[depth[i]] += 1
    else:
        for i in range(n):
            if not count_depth(d, 0, depth[i], 1):
                return NO_MEMORY
    if d.regions.n and not regions_add(&d.regions, d.base, stop, depth, 0):
        return NO_MEMORY
    rc = depth_intervals(d, stop, total)
    if rc == OK:
        rc = depth_outputs(d, stop)
    if rc != OK:
        return rc
    d.level[0] = fragment
    d.level[1] = coverage
    i = high(d.touched - stop, 0)
    memmove(change, change + n * TRACKS, i * TRACKS * sizeof(int32_t))
    n = high(d.touched, stop) - d.base
    memset(change + i * TRACKS, 0, (n - i) * TRACKS * sizeof(int32_t))
    d.base = stop
    d.touched = high(d.touched, stop)
    return OK


cdef int depth_intervals(Depth *d, int64_t stop, int64_t total) noexcept nogil:
    """Depth inside the evaluated intervals and the targets of what is being finished."""
    cdef int64_t i, j
    if d.n_evaluated < 0:
        d.evaluated_sum += total
    else:
        for i in range(first_interval(d.evaluated, d.n_evaluated, d.base), d.n_evaluated):
            if d.evaluated[2 * i] >= stop:
                break
            for j in range(high(d.evaluated[2 * i], d.base), low(d.evaluated[2 * i + 1], stop)):
                d.evaluated_sum += d.depth[j - d.base]
    if d.n_targets < 0:
        return OK
    for i in range(first_interval(d.targets, d.n_targets, d.base), d.n_targets):
        if d.targets[2 * i] >= stop:
            break
        for j in range(high(d.targets[2 * i], d.base), low(d.targets[2 * i + 1], stop)):
            if not count_depth(d, 1, d.depth[j - d.base], 1):
                return NO_MEMORY
    return OK


cdef int depth_outputs(Depth *d, int64_t stop) noexcept nogil:
    """Windows and runs of what is being finished."""
    cdef int64_t i, j, n = stop - d.base, at, till, total
    if d.window_size:
        i = d.base
        while i < stop:
            at = i // d.window_size - d.start // d.window_size
            till = low(stop, (i // d.window_size + 1) * d.window_size)
            total = 0
            for j in range(i - d.base, till - d.base):
                total += d.depth[j]
            if not windows_add(d, at, total):
                return NO_MEMORY
            i = till
    if d.with_runs:
        for i in range(n):
            if not runs_add(d, d.base + i + 1, d.depth[i]):
                return NO_MEMORY
    return OK


cdef int depth_outputs_level(Depth *d, int64_t stop, int64_t depth) noexcept nogil:
    """Windows and runs of a part of equal depth."""
    cdef int64_t i = d.base, till
    if d.window_size:
        while i < stop:
            till = low(stop, (i // d.window_size + 1) * d.window_size)
            if not windows_add(d, i // d.window_size - d.start // d.window_size,
                               depth * (till - i)):
                return NO_MEMORY
            i = till
    if d.with_runs and not runs_add(d, stop, depth):
        return NO_MEMORY
    return OK


cdef bint windows_add(Depth *d, int64_t at, int64_t total) noexcept nogil:
    while d.windows.n <= at:
        if not vector_push(&d.windows, 0):
            return False
    d.windows.p[at] += total
    return True


cdef bint runs_add(Depth *d, int64_t end, int64_t depth) noexcept nogil:
    if d.runs.n and d.runs.p[d.runs.n - 1] == depth:
        d.runs.p[d.runs.n - 2] = end
        return True
    return vector_push(&d.runs, end) and vector_push(&d.runs, depth)
