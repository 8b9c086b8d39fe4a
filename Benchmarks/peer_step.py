"""The step that sd-scripts does, in PyTorch with diffusers, on made-up weights and a GPU.

    peer_step.py sd15|sdxl BATCH [eager|graph]

A U-Net of the true extents in fp16 (SDXL: bf16), channels first, SDPA attention, rank-4 adapters in
float32 beside every linear layer of the transformers as sd-scripts hooks them, autocast, AdamW.
As a graph the whole step is captured once and replayed, in bf16, without a scaled loss.
Prints the median time of a step and the most memory.
"""

import statistics
import sys
import time

import torch
from diffusers import UNet2DConditionModel

KINDS = {
    "sd15": dict(
        sample_size=64, cross_attention_dim=768, attention_head_dim=8,
        block_out_channels=(320, 640, 1280, 1280)),
    "sdxl": dict(
        sample_size=128, cross_attention_dim=2048, attention_head_dim=(5, 10, 20),
        block_out_channels=(320, 640, 1280), transformer_layers_per_block=(1, 2, 10),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816),
}


class Adapter(torch.nn.Module):
    """y = W x + s · U D x, with the frozen layer's forward replaced, as sd-scripts does."""

    def __init__(self, layer, rank=4):
        super().__init__()
        if isinstance(layer, torch.nn.Conv2d):
            self.down = torch.nn.Conv2d(layer.in_channels, rank, 1, bias=False)
            self.up = torch.nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        else:
            self.down = torch.nn.Linear(layer.in_features, rank, bias=False)
            self.up = torch.nn.Linear(rank, layer.out_features, bias=False)
        torch.nn.init.zeros_(self.up.weight)
        self.original = layer.forward
        layer.forward = self.forward

    def forward(self, x):
        return self.original(x) + self.up(self.down(x)) * 0.25


def main():
    kind, batch = sys.argv[1], int(sys.argv[2])
    captures = sys.argv[3:] == ["graph"]
    torch.manual_seed(0)
    dtype = torch.float16 if kind == "sd15" and not captures else torch.bfloat16
    with torch.device("cuda"):
        unet = UNet2DConditionModel(**KINDS[kind]).to(dtype).requires_grad_(False)
    adapters = torch.nn.ModuleList()
    for name, module in unet.named_modules():
        inside = ".attentions." in name or name.startswith("mid_block.attentions")
        fits = isinstance(module, torch.nn.Linear) or (
            isinstance(module, torch.nn.Conv2d) and module.kernel_size == (1, 1))
        if inside and fits:
            adapters.append(Adapter(module).cuda())
    optimizer = torch.optim.AdamW(
        adapters.parameters(), lr=1e-4, **(dict(fused=True, capturable=True) if captures else {}))
    scaler = torch.amp.GradScaler("cuda", enabled=dtype == torch.float16)
    size, width = KINDS[kind]["sample_size"], KINDS[kind]["cross_attention_dim"]
    latents = torch.randn(batch, 4, size, size, device="cuda")
    context = torch.randn(batch, 77, width, device="cuda", dtype=dtype)
    added = None
    if kind == "sdxl":
        added = {"text_embeds": torch.randn(batch, 1280, device="cuda", dtype=dtype),
                 "time_ids": torch.tensor([[1024.0, 1024, 0, 0, 1024, 1024]] * batch, device="cuda")}

    def step():
        noise = torch.randn_like(latents)
        steps = torch.randint(0, 1000, (batch,), device="cuda")
        with torch.autocast("cuda", dtype=dtype):
            prediction = unet(latents + noise, steps, context, added_cond_kwargs=added).sample
        loss = torch.nn.functional.mse_loss(prediction.float(), noise)
        scaler.scale(loss).backward()
        if not captures:
            scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(adapters.parameters(), 1.0)
        if captures:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        optimizer.zero_grad(set_to_none=not captures)
        return loss

    if captures:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            captured = step()

    times = []
    for _ in range(30):
        torch.cuda.synchronize()
        start = time.perf_counter()
        if captures:
            graph.replay()
            captured.item()
        else:
            step().item()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    print(f"{kind}, batch {batch}, {len(adapters)} modules, PyTorch {torch.__version__}, "
          f"{torch.cuda.max_memory_allocated() >> 20} MiB")
    print(f"{statistics.median(times[10:]) * 1000:.1f} ms")


main()
