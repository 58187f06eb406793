#include "ascend_describe.h"

#include "ascend_fuse.h"

#include <math.h>
#include <string.h>

#define TILE 16
/* A reduction with more operators than this behind it is a LayerNormalization written out. */
#define NORM_MEMBERS 3

/* ---- Vector -------------------------------------------------------------------------------- */

/* Elements times window of a pooling; 0 if it has no window. */
static double pool_elements(const ascend_graph *g, uint32_t node)
{
    double out = ascend_padded(g, ascend_dst(g, node, 0), TILE);
    const amct_attr_desc *kernel = ascend_attr(g, node, "kernel_shape", AMCT_ATTR_INTS);
    double window = 1;
    if (ascend_kind_of(g, node) != ASCEND_POOL || kernel == NULL)
        return 0;
    for (size_t i = 0; i < kernel->count && i < AMCT_MAX_RANK; i++)
        window = fmin(window * fmax(1, (double)((const int64_t *)kernel->data)[i]), ASCEND_HUGE);
    return fmin(out * window, ASCEND_HUGE);
}

static void describe_pool(const ascend_graph *g, uint32_t node, ascend_work *work)
{
    work->kind = ASCEND_WORK_POOL;
    work->pool_elements = pool_elements(g, node);
    if (work->pool_elements <= 0) {
        work->kind = ASCEND_WORK_GLOBAL_POOL;
        work->pool_elements = ascend_padded(g, ascend_src(g, node, 0), TILE);
    }
}

/* Division by a constant is a multiplication, and so is a power that is one. */
static uint32_t effort_of(const ascend_graph *g, uint32_t node)
{
    const ascend_op *op = g->nodes[node].op;
    uint32_t behind = ascend_only_user(g, ascend_dst(g, node, 0));
    /* Mish written out is one operator. */
    if (strcmp(op->name, "Softplus") == 0 && behind != ASCEND_NONE && g->nodes[behind].op != NULL &&
        strcmp(g->nodes[behind].op->name, "Tanh") == 0)
        return ASCEND_SIMPLE;
    uint32_t other = ascend_src(g, node, 1);
    bool constant = other != ASCEND_NONE && g->tensors[other].fixed;
    return op->effort == ASCEND_DIVIDE && constant ? (uint32_t)ASCEND_SIMPLE : op->effort;
}

/* Operators of a written-out GELU by erf and by tanh. The half, the last of them, may be in the
 * weights behind it. */
enum { GELU_BY_ERF = 5, GELU_BY_TANH = 8 };

/* How many of a kernel's elementwise operators are one GELU; 0 if none are. */
static uint32_t gelu_members(const ascend_graph *g, uint32_t leader)
{
    bool erf = false, tanh = false, power = false;
    uint32_t total = g->nodes[leader].eltwise;
    for (uint32_t n = leader; n != ASCEND_NONE; n = g->nodes[n].next) {
        const char *name = g->nodes[n].op->name;
        if (strcmp(name, "Gelu") == 0)
            return 1;
        erf |= strcmp(name, "Erf") == 0;
        tanh |= strcmp(name, "Tanh") == 0;
        power |= strcmp(name, "Pow") == 0;
    }
    uint32_t whole = erf ? GELU_BY_ERF : tanh && power ? GELU_BY_TANH : 0;
    return whole > 0 && total + 1 >= whole ? (uint32_t)fmin(total, whole) : 0;
}

/* The elementwise operators of a kernel that cost something, by effort. */
static void count_efforts(const ascend_graph *g, uint32_t leader, ascend_work *work)
{
    uint32_t total = g->nodes[leader].eltwise, gelu = gelu_members(g, leader);
    for (uint32_t n = leader; n != ASCEND_NONE; n = g->nodes[n].next) {
        uint32_t effort = effort_of(g, n);
        work->exponential += effort == ASCEND_EXPONENTIAL;
        work->divide += effort == ASCEND_DIVIDE;
    }
    work->gelu = gelu > 0;
    work->exponential -= work->gelu;
    uint32_t costly = work->exponential + work->divide + work->operands + gelu;
    work->simple = total > costly ? total - costly : 0;
}

static void describe_rows(const ascend_graph *g, uint32_t t, ascend_work *work)
{
    const ascend_tensor *tensor = &g->tensors[t];
    work->row_elements = tensor->rank < 1 ? 1 : fmax(1, ascend_dim(g, t, tensor->rank - 1));
    work->rows = tensor->elements / work->row_elements;
}

static void describe_units(const ascend_graph *g, uint32_t leader, ascend_work *work)
{
    const ascend_node *lead = &g->nodes[leader];
    uint32_t src = ascend_src(g, leader, 0), dst = ascend_dst(g, leader, 0);
    switch (ascend_kind_of(g, leader)) {
    case ASCEND_CONV:
    case ASCEND_DECONV:
    case ASCEND_MATMUL:
    case ASCEND_RECURRENT:
        ascend_describe_cube(g, leader, work);
        work->elements = ascend_padded(g, dst, TILE);
        for (uint32_t n = lead->next; n != ASCEND_NONE; n = g->nodes[n].next)
            work->pool_elements += pool_elements(g, n);
        break;
    case ASCEND_POOL:
    case ASCEND_GLOBAL_POOL: describe_pool(g, leader, work); break;
    case ASCEND_REDUCE:
        if (lead->layout == ASCEND_FIVE && lead->eltwise == 0) /* over height and width */
            work->pool_elements = ascend_padded(g, src, TILE);
        else
            work->elements = ascend_padded(g, src, TILE);
        work->kind = lead->eltwise > NORM_MEMBERS ? ASCEND_WORK_LAYER_NORM : ASCEND_WORK_REDUCE;
        break;
    case ASCEND_NORM:
    case ASCEND_NORM_SPATIAL:
        work->kind = ascend_kind_of(g, leader) == ASCEND_NORM ? ASCEND_WORK_LAYER_NORM
                                                              : ASCEND_WORK_SPATIAL_NORM;
        work->elements = ascend_padded(g, src, TILE);
        break;
    case ASCEND_SOFTMAX:
        work->kind = ASCEND_WORK_SOFTMAX;
        work->elements = ascend_padded(g, src, TILE);
        describe_rows(g, src, work);
        break;
    case ASCEND_MOVE:
    case ASCEND_MOVE_FLAT:
    case ASCEND_SPLIT:
    case ASCEND_TRANSPOSE:
    case ASCEND_VIEW: work->kind = ASCEND_WORK_MOVE; break;
    case ASCEND_CONCAT:
    case ASCEND_PAD: work->kind = ASCEND_WORK_JOIN; break;
    default: /* elementwise */
        work->kind = ASCEND_WORK_ELTWISE;
        work->elements = fmax(ascend_padded(g, dst, TILE), g->tensors[dst].elements);
    }
    const char *name = lead->op->name;
    if (strcmp(name, "Resize") == 0 || strcmp(name, "Upsample") == 0)
        work->kind = ASCEND_WORK_JOIN;
}

/* How many elements stay together when a kernel moves data; tiles of 16 x 16 are transposed inside
 * the core (vnchwconv). */
static double run_of(const ascend_graph *g, uint32_t leader)
{
    uint32_t dst = ascend_dst(g, leader, 0), rank = g->tensors[dst].rank;
    const amct_attr_desc *perm = ascend_attr(g, leader, "perm", AMCT_ATTR_INTS);
    if (ascend_kind_of(g, leader) != ASCEND_TRANSPOSE || perm == NULL || perm->count != rank)
        return rank < 1 ? 1 : fmax(1, ascend_dim(g, dst, rank - 1));
    const int64_t *axes = perm->data;
    if (g->nodes[leader].swapped && axes[rank - 2] == rank - 1)
        return fmax(1, ascend_dim(g, dst, rank - 2));
    if (axes[rank - 1] != rank - 1)
        return fmax(1, fmin(TILE, ascend_dim(g, dst, rank - 1)));
    double run = 1;
    for (uint32_t i = rank; i-- > 0 && axes[i] == i;)
        run *= ascend_dim(g, dst, i);
    return fmax(1, run);
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* The tensor that source i of a member really reads. */
static uint32_t read_tensor(const ascend_graph *g, uint32_t node, uint32_t i)
{
    if (g->nodes[node].rolled_back && i == 0) {
        uint32_t quant = ascend_quant_behind(g, node, 0);
        if (quant != ASCEND_NONE && ascend_src(g, quant, 0) != ASCEND_NONE)
            return ascend_src(g, quant, 0);
    }
    return ascend_src(g, node, i);
}

/* Whether t must be brought to the kernel's layout first. Transpose reads any layout, a view is
 * itself the conversion, and another kernel may have had it converted. */
static bool needs_transdata(const ascend_graph *g, uint32_t leader, uint32_t t)
{
    uint32_t kind = ascend_kind_of(g, leader);
    const ascend_tensor *tensor = &g->tensors[t];
    return kind != ASCEND_TRANSPOSE && kind != ASCEND_VIEW && tensor->rank >= 3 &&
           tensor->layout != g->nodes[leader].layout && !tensor->converted && !tensor->image &&
           !ascend_layouts_agree(g, t);
}

static bool is_written(const ascend_graph *g, uint32_t leader, uint32_t t)
{
    const ascend_tensor *tensor = &g->tensors[t];
    if (tensor->same_as != t)
        return false;
    if (tensor->output)
        return true;
    for (uint32_t i = 0; i < tensor->n_uses; i++)
        if (g->nodes[g->uses[tensor->use_begin + i]].kernel != leader)
            return true;
    return false;
}

/* Constants that an elementwise operator reads as it reads results; those of other operators are
 * weights, counted elsewhere, or tables of which a little is read. */
static void read_constant(const ascend_graph *g, uint32_t node, uint32_t t, ascend_work *work)
{
    if (ascend_kind_of(g, node) == ASCEND_BINARY)
        ascend_work_read(work, fmin(ascend_bytes(g, t), ASCEND_HUGE), ASCEND_FAR);
}

static void read_source(ascend_graph *g, uint32_t leader, uint32_t t, ascend_work *work)
{
    uint32_t bytes_of = ascend_resolve(g, t), maker = g->tensors[t].maker;
    bool inside = maker != ASCEND_NONE && g->nodes[maker].kernel == leader;
    if (inside || g->tensors[bytes_of].reader == leader)
        return;
    g->tensors[bytes_of].reader = leader;
    double bytes = fmin(ascend_bytes(g, bytes_of), ASCEND_HUGE);
    uint32_t whole = g->tensors[bytes_of].part_of;
    whole = whole == ASCEND_NONE ? bytes_of : ascend_resolve(g, whole);
    double distance = fmin(g->traffic - g->tensors[whole].made_at, ASCEND_FAR);
    ascend_work_read(work, bytes, distance);
    work->operands++;
    if (needs_transdata(g, leader, t)) {
        g->tensors[t].converted = true;
        work->transdata_bytes = fmin(work->transdata_bytes + bytes, ASCEND_HUGE);
        work->n_transdata++;
    }
}

static void describe_traffic(ascend_graph *g, uint32_t leader, ascend_work *work)
{
    for (uint32_t n = leader; n != ASCEND_NONE; n = g->nodes[n].next) {
        for (uint32_t i = 0; i < ascend_n_src(g, n); i++) {
            uint32_t t = read_tensor(g, n, i);
            if (t != ASCEND_NONE && g->tensors[t].fixed)
                read_constant(g, n, t, work);
            else if (t != ASCEND_NONE)
                read_source(g, leader, t, work);
        }
        for (uint32_t i = 0; i < ascend_n_dst(g, n); i++) {
            uint32_t t = ascend_dst(g, n, i);
            if (t != ASCEND_NONE && is_written(g, leader, t))
                work->write_bytes = fmin(work->write_bytes + ascend_bytes(g, t), ASCEND_HUGE);
        }
    }
}

/* What t is part of, if it is written where a Concat wants it. */
static uint32_t whole_of(const ascend_graph *g, uint32_t t)
{
    uint32_t user = ascend_only_user(g, t);
    uint32_t dst = ascend_kind_of(g, user) == ASCEND_CONCAT ? ascend_dst(g, user, 0) : ASCEND_NONE;
    return dst != ASCEND_NONE && g->tensors[dst].pieces ? dst : t;
}

/* What the kernel wrote is in L2 from now on. */
static void mark_written(ascend_graph *g, uint32_t leader, const ascend_work *work)
{
    g->traffic = fmin(g->traffic + ascend_work_bytes(work) + work->weight_bytes, ASCEND_HUGE);
    for (uint32_t n = leader; n != ASCEND_NONE; n = g->nodes[n].next)
        for (uint32_t i = 0; i < ascend_n_dst(g, n); i++) {
            uint32_t t = ascend_dst(g, n, i);
            if (t != ASCEND_NONE)
                g->tensors[ascend_resolve(g, whole_of(g, t))].made_at = g->traffic;
        }
}

/* Slice and Gather read no more than they pass on. */
static void limit_reads(ascend_work *work)
{
    double in = ascend_work_bytes(work) - work->write_bytes;
    if (work->write_bytes <= 0 || in <= work->write_bytes)
        return;
    for (int i = 0; i < ASCEND_READS; i++)
        work->read[i].bytes *= work->write_bytes / in;
}

void ascend_describe(ascend_graph *g, uint32_t leader, ascend_work *work)
{
    memset(work, 0, sizeof *work);
    describe_units(g, leader, work);
    describe_traffic(g, leader, work);
    bool moves = work->kind == ASCEND_WORK_MOVE || work->kind == ASCEND_WORK_JOIN;
    if (moves) {
        limit_reads(work);
        work->runs = work->write_bytes / 2 / run_of(g, leader);
    }
    /* A product of two computed matrices has two operands of its own. */
    uint32_t own = work->kind == ASCEND_WORK_CUBE && work->weight_bytes <= 0 ? 2 : 1;
    work->operands =
        work->kind == ASCEND_WORK_CUBE && work->operands > own ? work->operands - own : 0;
    if (work->kind == ASCEND_WORK_CUBE || work->kind == ASCEND_WORK_ELTWISE)
        count_efforts(g, leader, work);
    mark_written(g, leader, work);
}

double ascend_describe_border(const ascend_graph *g)
{
    const amct_graph_view *view = g->view;
    double bytes = 0;
    uint64_t n_both = (uint64_t)view->n_inputs + view->n_outputs;
    for (uint64_t i = 0; i < n_both; i++) {
        uint32_t t = i < view->n_inputs ? view->inputs[i] : view->outputs[i - view->n_inputs];
        if (t < g->n_tensors && !g->tensors[t].image && g->tensors[t].bits == 16)
            bytes += ascend_padded(g, t, TILE) * 2 + g->tensors[t].elements * 4;
    }
    return fmin(bytes, ASCEND_HUGE);
}
